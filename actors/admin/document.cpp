#include "actors/admin/document.hpp"

#include <utility>

namespace aps::admin {

growing_document::growing_document(std::string type, document_forms forms)
    : forms_(forms) {
  out_.type = std::move(type);
  out_.headers = {{"Cache-Control", "no-store"}};
  if (forms.gzip)
    gzip_.emplace(gzip_stream::effort::quick);
}

void growing_document::add(const std::string& piece) {
  tag_.add(piece);
  if (gzip_)
    gzip_->add(piece);
  if (forms_.plain)
    plain_ += piece;
}

document growing_document::finish() {
  out_.tag = tag_.text();
  out_.plain = slice::adopt(std::move(plain_));
  if (gzip_)
    out_.gzip = slice::adopt(gzip_->finish());
  return std::move(out_);
}

} // namespace aps::admin
