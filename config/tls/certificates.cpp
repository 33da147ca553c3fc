#include "config/tls/certificates.hpp"

#include "config/host.hpp"
#include "config/syntax/expand.hpp"
#include "config/syntax/file.hpp"
#include "config/syntax/text.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>

namespace aps::config {

namespace {

constexpr size_t max_pem = 1 << 20; // bytes of a file
constexpr size_t max_chain = 10;
constexpr size_t max_authorities = 500;
constexpr int64_t day = 24 * 3600;

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using store_ptr = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
using store_context_ptr
  = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;

bio_ptr reading(const std::string& text) {
  return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// What is wrong, and with which of the files.
struct fault {
  bool of_key = false;
  std::string found;
  std::string allowed;
};

int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::optional<fault> read_chain(const std::string& text,
                                std::vector<x509_ptr>& out,
                                size_t most = max_chain) {
  const auto from = reading(text);
  ERR_clear_error();
  while (auto* read = PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr))
    out.emplace_back(read);
  const auto last = ERR_peek_last_error();
  ERR_clear_error();
  constexpr auto wanted = "certificates in PEM";
  if (ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
    return fault{false,
                 "certificate " + std::to_string(out.size() + 1)
                   + " cannot be read",
                 wanted};
  if (out.empty())
    return fault{false,
                 text.find("PRIVATE KEY-----") != text.npos
                   ? "a key, and no certificate"
                   : "no certificate in PEM",
                 wanted};
  if (out.size() > most)
    return fault{false, std::to_string(out.size()) + " certificates",
                 "at most " + std::to_string(most)};
  return {};
}

std::optional<fault> look_at_times(const std::vector<x509_ptr>& chain,
                                   int64_t now) {
  for (size_t i = 0; i < chain.size(); ++i) {
    const auto which
      = i == 0 ? std::string{}
               : "certificate " + std::to_string(i + 1) + " of the chain, ";
    const auto* begin = X509_get0_notBefore(chain[i].get());
    const auto* end = X509_get0_notAfter(chain[i].get());
    if (seconds_of(begin) > now)
      return fault{false, which + "not valid before " + date_of(begin),
                   "one that is valid today"};
    if (seconds_of(end) < now)
      return fault{false, which + "expired on " + date_of(end),
                   "one that is valid today"};
  }
  return {};
}

bool is_issued_by(X509* certificate, X509* issuer) {
  return X509_check_issued(issuer, certificate) == X509_V_OK
         && X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

bool is_issued_by_itself(X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate),
                       X509_get_issuer_name(certificate))
         == 0;
}

// Of those that the machine knows; null = it does not know who issued it.
x509_ptr known_issuer_of(X509* certificate) {
  const store_ptr store{X509_STORE_new()};
  if (!store || X509_STORE_set_default_paths(store.get()) != 1)
    return nullptr;
  const store_context_ptr context{X509_STORE_CTX_new()};
  if (!context
      || X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr)
           != 1)
    return nullptr;
  X509* issuer = nullptr;
  X509_STORE_CTX_get1_issuer(&issuer, context.get(), certificate);
  return x509_ptr{issuer};
}

// A certificate that says where its issuer's can be had comes from an
// authority of several levels; one whose issuer is a root needs no more.
std::optional<fault> look_at_chain(const std::vector<x509_ptr>& chain) {
  for (size_t i = 0; i + 1 < chain.size(); ++i)
    if (!is_issued_by(chain[i].get(), chain[i + 1].get()))
      return fault{false,
                   "certificate " + std::to_string(i + 2)
                     + " of the chain did not issue the one before it",
                   "each certificate before the one of its issuer"};
  auto* last = chain.back().get();
  if (is_issued_by_itself(last)
      || X509_get_ext_by_NID(last, NID_info_access, -1) < 0
      || known_issuer_of(last))
    return {};
  return fault{false,
               "the chain is incomplete, "
                 + common_name(X509_get_issuer_name(last)) + " is missing",
               "the certificates of all issuers behind it"};
}

std::optional<fault> read_key(const std::string& text, X509* certificate) {
  constexpr auto wanted = "a private key in PEM";
  const auto from = reading(text);
  bool asked = false;
  const key_ptr key{
    PEM_read_bio_PrivateKey(from.get(), nullptr, &no_passphrase, &asked)};
  ERR_clear_error();
  if (asked)
    return fault{true, "a key with a passphrase", "one without"};
  if (!key)
    return fault{true,
                 text.find("BEGIN CERTIFICATE-----") != text.npos
                   ? "a certificate, and no key"
                   : "no private key in PEM",
                 wanted};
  if (X509_check_private_key(certificate, key.get()) == 1)
    return {};
  ERR_clear_error();
  return fault{true, "the key of another certificate", "the key of cert"};
}

std::string type_of(X509* certificate) {
  const auto* name = EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate));
  return name ? name : "?";
}

std::variant<ocsp_response, problem>
read_ocsp_of(const certificate& files, const source& from,
             const std::vector<x509_ptr>& chain, int64_t now) {
  auto* own = chain.front().get();
  const auto known = chain.size() == 1 ? known_issuer_of(own) : nullptr;
  auto* issuer = chain.size() > 1           ? chain[1].get()
                 : is_issued_by_itself(own) ? own
                                            : known.get();
  return read_ocsp(files.ocsp, from, member_path(files.place, "ocsp"), own,
                   issuer, now);
}

problem told(const certificate& files, fault what) {
  const auto* key = what.of_key ? "key" : "cert";
  return {member_path(files.place, key),
          shown_name(what.of_key ? files.key : files.cert) + " (" + what.found
            + ")",
          what.allowed,
          {}};
}

} // namespace

int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  char text[11] = "?";
  if (ASN1_TIME_to_tm(time, &parts) == 1)
    std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

std::string common_name(const X509_NAME* name) {
  char text[256] = "";
  if (X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName,
                                text, sizeof text)
      <= 0)
    X509_NAME_oneline(name, text, sizeof text);
  return quote(text);
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  const names_ptr names{static_cast<GENERAL_NAMES*>(
    X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      const auto* text = name->d.dNSName;
      out.emplace_back(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
        static_cast<size_t>(ASN1_STRING_length(text)));
    } else if (name->type == GEN_IPADD) {
      const auto* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
      if (ASN1_STRING_length(name->d.iPAddress) == 4)
        out.push_back(std::to_string(bytes[0]) + "." + std::to_string(bytes[1])
                      + "." + std::to_string(bytes[2]) + "."
                      + std::to_string(bytes[3]));
    }
  }
  return out;
}

int64_t seconds_now() {
  using namespace std::chrono;
  return duration_cast<std::chrono::seconds>(
           system_clock::now().time_since_epoch())
    .count();
}

int64_t days_left(int64_t not_after, int64_t now) {
  const auto rest = not_after - now;
  return rest >= 0 ? rest / day : (rest - day + 1) / day;
}

bool covers(std::string_view name, std::string_view host) {
  const auto same = [](std::string_view x, std::string_view y) {
    return x.size() == y.size()
           && std::equal(x.begin(), x.end(), y.begin(), [](char a, char b) {
                return std::tolower(static_cast<unsigned char>(a))
                       == std::tolower(static_cast<unsigned char>(b));
              });
  };
  if (host.ends_with('.'))
    host.remove_suffix(1);
  if (!name.starts_with("*."))
    return same(name, host);
  const auto dot = host.find('.');
  return dot != host.npos && dot > 0 && !is_ipv4(host)
         && same(name.substr(1), host.substr(dot));
}

std::variant<certificate_pair, problem>
read_certificate(const certificate& files, const source& from, int64_t now,
                 certificate_use use) {
  certificate_pair out;
  for (const bool of_key : {false, true}) {
    auto read = from.read(of_key ? files.key : files.cert, max_pem);
    if (!read.error.empty())
      return told(files, {of_key, read.error, "a readable file"});
    (of_key ? out.key : out.chain) = std::move(read.text);
  }
  std::vector<x509_ptr> chain;
  if (auto wrong = read_chain(out.chain, chain))
    return told(files, std::move(*wrong));
  if (auto wrong = read_key(out.key, chain.front().get()))
    return told(files, std::move(*wrong));
  if (auto wrong = look_at_times(chain, now))
    return told(files, std::move(*wrong));
  if (auto wrong = look_at_chain(chain))
    return told(files, std::move(*wrong));
  out.names = names_of(chain.front().get());
  if (out.names.empty() && use == certificate_use::server)
    return told(files,
                {false, "no name in subjectAltName", "one for host names"});
  if (!files.ocsp.empty()) {
    auto read = read_ocsp_of(files, from, chain, now);
    if (auto* wrong = std::get_if<problem>(&read))
      return std::move(*wrong);
    out.ocsp = std::get<ocsp_response>(std::move(read));
  }
  out.key_type = type_of(chain.front().get());
  out.not_after = seconds_of(X509_get0_notAfter(chain.front().get()));
  for (const auto& each : chain)
    out.not_after
      = std::min(out.not_after, seconds_of(X509_get0_notAfter(each.get())));
  return out;
}

std::variant<std::string, problem> read_authorities(const std::string& file,
                                                    const source& from,
                                                    const std::string& path) {
  auto read = from.read(file, max_pem);
  fault wrong{false, read.error, "a readable file"};
  std::vector<x509_ptr> all;
  if (wrong.found.empty()) {
    auto found = read_chain(read.text, all, max_authorities);
    if (!found)
      return std::move(read.text);
    wrong = std::move(*found);
  }
  return problem{
    path, shown_name(file) + " (" + wrong.found + ")", wrong.allowed, {}};
}

std::vector<std::string> secure_hosts(const std::vector<mapping>& mappings) {
  std::vector<std::string> out;
  for (const auto& each : mappings)
    if (each.from.scheme == "https")
      out.push_back(each.from.host);
  return out;
}

std::string uncovered(const std::vector<std::string>& hosts,
                      const std::vector<std::string>& names) {
  for (const auto& host : hosts)
    if (std::none_of(names.begin(), names.end(),
                     [&](const auto& name) { return covers(name, host); }))
      return host;
  return {};
}

namespace {

// The names that its certificates are for.
std::vector<std::string> check_tls(const tls& settings, const source& from,
                                   int64_t now, const std::string& path,
                                   problems& out) {
  std::vector<std::string> names;
  for (const auto& files : settings.certificates) {
    auto found = read_certificate(files, from, now);
    if (const auto* wrong = std::get_if<problem>(&found))
      out.push_back(*wrong);
    else
      for (auto& each : std::get<certificate_pair>(found).names)
        names.push_back(std::move(each));
  }
  if (settings.client_ca.empty())
    return names;
  const auto found
    = read_authorities(settings.client_ca, from, path + ".client_ca");
  if (const auto* wrong = std::get_if<problem>(&found))
    out.push_back(*wrong);
  return names;
}

void check_target_tls(const target_tls& settings, const source& from,
                      int64_t now, const std::string& path, problems& out) {
  if (!settings.ca.empty())
    if (auto read = read_authorities(settings.ca, from, path + ".ca");
        auto* wrong = std::get_if<problem>(&read))
      out.push_back(std::move(*wrong));
  if (settings.cert.empty() || settings.key.empty())
    return;
  auto read = read_certificate({settings.cert, settings.key, path}, from, now,
                               certificate_use::client);
  if (auto* wrong = std::get_if<problem>(&read))
    out.push_back(std::move(*wrong));
}

} // namespace

std::vector<std::string> check_certificates(const node& all, const source& from,
                                            problems& out) {
  std::vector<std::string> names;
  const auto now = seconds_now();
  for (const auto& [name, server] : all.servers)
    if (server.tls)
      for (auto& each : check_tls(*server.tls, from, now,
                                  member_path("$.servers", name) + ".tls", out))
        names.push_back(std::move(each));
  for (size_t i = 0; i < all.mappings.size(); ++i)
    if (all.mappings[i].tls)
      check_target_tls(*all.mappings[i].tls, from, now,
                       element_path("$.mappings", i) + ".tls", out);
  // No visitor comes there, so its names are nobody's.
  if (all.admin && all.admin->grpc && all.admin->grpc->tls)
    check_tls(*all.admin->grpc->tls, from, now, "$.admin.grpc.tls", out);
  return names;
}

} // namespace aps::config
