#define CAF_SUITE config.password_hash

#include "tests/support/test.hpp"

#include "config/access/password_hash.hpp"
#include "config/syntax/base64.hpp"

using namespace aps::config;

namespace {

std::string hash(const std::string& parameters,
                 const std::string& salt = "c2FsdHNhbHQ",
                 const std::string& key = "a2V5a2V5a2V5a2V5a2V5aw") {
  return "$scrypt$" + parameters + "$" + salt + "$" + key;
}

} // namespace

CAF_TEST(a new hash is of its password alone) {
  const auto made = password_hash::make("secret");
  CAF_CHECK(made.matches("secret"));
  CAF_CHECK(!made.matches("Secret"));
  CAF_CHECK(!made.matches(""));
  CAF_CHECK(made.str().starts_with("$scrypt$ln=15,r=8,p=3$"));
  const auto read = password_hash::parse(made.str());
  CAF_REQUIRE(read);
  CAF_CHECK(*read == made);
  CAF_CHECK(read->matches("secret"));
  CAF_CHECK_NOT_EQUAL(password_hash::make("secret").str(), made.str());
}

CAF_TEST(a hash of other software is known) {
  // RFC 7914, 12: "pleaseletmein", "SodiumChloride", N = 16384, r = 8, p = 1.
  const std::string key{
    "\x70\x23\xbd\xcb\x3a\xfd\x73\x48\x46\x1c\x06\xcd\x81\xfd\x38\xeb\xfd\xa8"
    "\xfb\xba\x90\x4f\x8e\x3e\xa9\xb5\x43\xf6\x54\x5d\xa1\xf2\xd5\x43\x29\x55"
    "\x61\x3f\x0f\xcf\x62\xd4\x97\x05\x24\x2a\x9a\xf9\xe6\x1e\x85\xdc\x0d\x65"
    "\x1e\x40\xdf\xcf\x01\x7b\x45\x57\x58\x87",
    64};
  const auto known = password_hash::parse(
    hash("ln=14,r=8,p=1", to_base64("SodiumChloride"), to_base64(key)));
  CAF_REQUIRE(known);
  CAF_CHECK(known->matches("pleaseletmein"));
  CAF_CHECK(!known->matches("pleaseletmein "));
}

CAF_TEST(what is no hash is refused) {
  CAF_CHECK(password_hash::parse(hash("ln=15,r=8,p=3")));
  CAF_CHECK(password_hash::parse(hash("ln=10,r=1,p=1")));
  for (const auto& text : {std::string{},
                           std::string{"secret"},
                           std::string{"$scrypt$"},
                           std::string{"$2y$10$abcdefghijklmnopqrstuv"},
                           hash(""),
                           hash("ln=15,r=8"),
                           hash("r=8,ln=15,p=3"),
                           hash("ln=15,r=8,p=3,x=1"),
                           hash("ln=9,r=8,p=1"),
                           hash("ln=25,r=8,p=1"),
                           hash("ln=21,r=8,p=1"),
                           hash("ln=15,r=8,p=17"),
                           hash("ln=015,r=8,p=3"),
                           hash("ln=,r=8,p=3"),
                           hash("ln=15,r=-8,p=3"),
                           hash("ln=15,r=8,p=0"),
                           hash("ln=15,r=8,p=3", ""),
                           hash("ln=15,r=8,p=3", "c2FsdA"),
                           hash("ln=15,r=8,p=3", "c2FsdHNhbHQ", ""),
                           hash("ln=15,r=8,p=3", "c2Fs dHNhbHQ"),
                           hash("ln=15,r=8,p=3") + "$more"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!password_hash::parse(text));
  }
}
