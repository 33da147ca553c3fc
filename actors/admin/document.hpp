#pragma once

#include "actors/admin/encoding.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/slice.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace aps::admin {

/// An answer in the forms that its readers want.
struct document {
  uint16_t status = 200;
  std::string type;
  header_list headers;
  std::string tag; ///< empty = none
  slice plain;
  std::optional<slice> gzip;
};

/// In which forms a document is made.
struct document_forms {
  bool plain = true;
  bool gzip = false;
};

/// A document whose text comes piece by piece. Not thread-safe.
class growing_document {
 public:
  growing_document(std::string type, document_forms forms);

  void add(const std::string& piece);

  /// All of it; nothing may be added any longer.
  document finish();

 private:
  document out_;
  document_forms forms_;
  content_tag tag_;
  std::string plain_;
  std::optional<gzip_stream> gzip_;
};

} // namespace aps::admin
