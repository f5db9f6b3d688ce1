#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>

#include "tests/connectors/http/server_fixture.h"

namespace tocsin::test {
namespace {

// A self-signed certificate for this run.
class TlsTest : public ServerTest {
 protected:
  TlsTest() {
    directory_ =
        std::filesystem::temp_directory_path() / ("tocsin-tls-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    options.tls_certificate = write_pair("server");
    options.tls_key = (directory_ / "server.key").string();
    context_ = SSL_CTX_new(TLS_client_method());
  }
  ~TlsTest() override {
    SSL_CTX_free(context_);
    std::filesystem::remove_all(directory_);
  }

  std::string write_pair(const std::string& name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_sign(certificate, key, EVP_sha256());
    const std::string path = (directory_ / (name + ".pem")).string();
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen((directory_ / (name + ".key")).c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return path;
  }

  std::filesystem::path directory_;
  SSL_CTX* context_ = nullptr;
};

TEST_F(TlsTest, RequestsAnswersAndRefusals) {
  options.body_bytes_max = 1000;
  start_echo();
  EXPECT_TRUE(server->url().starts_with("https://"));
  Client client(port(), context_);
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.get("/a").body, "GET /a ");
  EXPECT_EQ(client.post("/b", "text/plain", "secret").body, "POST /b secret");
  EXPECT_EQ(client.post("/c", "text/plain", std::string(1001, 'x')).status, 413);
  EXPECT_TRUE(client.closed());
}

TEST_F(TlsTest, LargeAnswer) {
  const std::string large(3 << 20, 'x');
  service->on_handle = [&](HttpRequest, Reply reply) { reply(text(large)); };
  start();
  Client client(port(), context_);
  EXPECT_EQ(client.get("/").body, large);
}

TEST_F(TlsTest, WhoDoesNotSpeakTlsIsLetGo) {
  options.header_timeout = milliseconds(50);
  start_echo();
  Client plain(port());
  plain.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(plain.read().status, 0);
  Client silent(port());
  EXPECT_TRUE(silent.closed());
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  start_echo();
  SSL_CTX* old = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION);
  SSL_CTX_set_security_level(old, 0);
  {
    Client client(port(), old);
    EXPECT_FALSE(client.connected());
  }
  SSL_CTX_free(old);
}

TEST_F(TlsTest, KeyOfAnotherCertificate) {
  write_pair("other");
  options.tls_key = (directory_ / "other.key").string();
  EXPECT_THROW(start(), std::runtime_error);
}

TEST_F(TlsTest, StopWithOpenConnections) {
  start_echo();
  Client client(port(), context_);
  EXPECT_EQ(client.get("/").status, 200);
  server->stop();
  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace tocsin::test
