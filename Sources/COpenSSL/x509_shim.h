#pragma once
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

// Certificates of an authority of one's own (RFC 5280), P-256. All texts are PEM; what is returned is freed with roost_text_free.

static inline void roost_text_free(char *text) {
    if (text) { OPENSSL_cleanse(text, strlen(text)); }
    OPENSSL_free(text);
}

// What is in a memory BIO, as a text; the BIO is freed, and what it held wiped.
static inline char *roost_text_of(BIO *bio, int good) {
    char *bytes = NULL, *text = NULL;
    long count = bio ? BIO_get_mem_data(bio, &bytes) : 0;
    if (good && count > 0) { text = OPENSSL_strndup(bytes, (size_t)count); }
    if (count > 0) { OPENSSL_cleanse(bytes, (size_t)count); }
    BIO_free(bio);
    return text;
}

static inline int roost_x509_extend(X509 *certificate, X509V3_CTX *context, int kind, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, kind, value);
    int good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

// A certificate for `key`, signed by `signer` in the name of `issuer`; NULL: by itself, an authority.
// names: DNS:one,IP:192.0.2.1; usage: serverAuth,clientAuth; from and until: seconds since 1970.
static inline X509 *roost_x509_certificate(
    EVP_PKEY *key, EVP_PKEY *signer, X509 *issuer, const char *subject, const char *names, const char *usage,
    unsigned long long serial, long long from, long long until) {
    X509 *made = X509_new();
    if (!made) { return NULL; }
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer ? issuer : made, made, NULL, NULL, 0);
    X509_NAME *name = X509_get_subject_name(made);
    int good = X509_set_version(made, 2) == 1 && ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial) == 1 &&
               ASN1_TIME_set(X509_getm_notBefore(made), (time_t)from) && ASN1_TIME_set(X509_getm_notAfter(made), (time_t)until) &&
               X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0) == 1 &&
               X509_set_issuer_name(made, issuer ? X509_get_subject_name(issuer) : name) == 1 && X509_set_pubkey(made, key) == 1 &&
               roost_x509_extend(made, &context, NID_subject_key_identifier, "hash");
    if (good && issuer) {
        good = roost_x509_extend(made, &context, NID_authority_key_identifier, "keyid:always") &&
               roost_x509_extend(made, &context, NID_basic_constraints, "critical,CA:FALSE") &&
               roost_x509_extend(made, &context, NID_key_usage, "critical,digitalSignature") &&
               roost_x509_extend(made, &context, NID_ext_key_usage, usage) &&
               roost_x509_extend(made, &context, NID_subject_alt_name, names);
    } else if (good) {
        good = roost_x509_extend(made, &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               roost_x509_extend(made, &context, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    if (good && X509_sign(made, signer, EVP_sha256()) > 0) { return made; }
    X509_free(made);
    return NULL;
}

// A new key and its certificate. Without authority_key, an authority. Returns whether both were made.
static inline int roost_x509_make(
    const char *authority_key, const char *authority, const char *subject, const char *names, unsigned long long serial, long long from,
    long long until, char **key_text, char **certificate_text) {
    EVP_PKEY *key = EVP_EC_gen("P-256"), *signer = NULL;
    X509 *issuer = NULL, *made = NULL;
    *key_text = *certificate_text = NULL;
    if (authority_key) {
        BIO *bio = BIO_new_mem_buf(authority_key, -1);
        signer = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
        BIO_free(bio);
        bio = BIO_new_mem_buf(authority, -1);
        issuer = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
        BIO_free(bio);
        if (key && signer && issuer && X509_check_private_key(issuer, signer) == 1) {
            made = roost_x509_certificate(
                key, signer, issuer, subject, names, "serverAuth,clientAuth", serial, from, until);
        }
    } else if (key) {
        made = roost_x509_certificate(key, key, NULL, subject, NULL, NULL, serial, from, until);
    }
    if (made) {
        BIO *bio = BIO_new(BIO_s_secmem());
        int good = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
        *key_text = roost_text_of(bio, good);
        bio = BIO_new(BIO_s_mem());
        good = bio && PEM_write_bio_X509(bio, made) == 1;
        *certificate_text = roost_text_of(bio, good);
    }
    X509_free(made);
    X509_free(issuer);
    EVP_PKEY_free(signer);
    EVP_PKEY_free(key);
    // What failed is said by the answer; the next one starts with a clean list.
    ERR_clear_error();
    return *key_text && *certificate_text;
}

// The SHA-256 fingerprint of a certificate, 32 bytes; returns whether it is one.
static inline int roost_x509_fingerprint(const char *certificate, unsigned char *hash) {
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *known = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    unsigned int count = 32;
    int good = known && X509_digest(known, EVP_sha256(), hash, &count) == 1;
    X509_free(known);
    ERR_clear_error();
    return good;
}

// A new key on P-256, and a certificate signing request for it (RFC 2986). Returns whether both were made.
static inline int roost_x509_request(const char *subject, char **key_text, char **request_text) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *request = X509_REQ_new();
    *key_text = *request_text = NULL;
    if (key && request && X509_REQ_set_version(request, 0) == 1 &&
        X509_NAME_add_entry_by_txt(
            X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0) == 1 &&
        X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0) {
        BIO *bio = BIO_new(BIO_s_secmem());
        int good = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
        *key_text = roost_text_of(bio, good);
        bio = BIO_new(BIO_s_mem());
        good = bio && PEM_write_bio_X509_REQ(bio, request) == 1;
        *request_text = roost_text_of(bio, good);
    }
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return *key_text && *request_text;
}

// Whether a key is on P-256, named, as the certificates here have it.
static inline int roost_is_p256(EVP_PKEY *key) {
    char name[32];
    size_t count = 0;
    return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, name, sizeof name, &count) == 1 && strcmp(name, "prime256v1") == 0;
}

// A certificate of a client for the key of a request, whose holder has signed it with that key. All else in the request is left out:
// names, validity and uses are the caller's. Returns whether it was made.
static inline int roost_x509_sign_request(
    const char *authority_key, const char *authority, const char *request_text, const char *subject, const char *names,
    unsigned long long serial, long long from, long long until, char **certificate_text) {
    BIO *bio = BIO_new_mem_buf(authority_key, -1);
    EVP_PKEY *signer = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    bio = BIO_new_mem_buf(authority, -1);
    X509 *issuer = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    bio = BIO_new_mem_buf(request_text, -1);
    X509_REQ *request = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    EVP_PKEY *key = request ? X509_REQ_get_pubkey(request) : NULL;
    X509 *made = NULL;
    *certificate_text = NULL;
    if (signer && issuer && X509_check_private_key(issuer, signer) == 1 && roost_is_p256(key) &&
        X509_REQ_verify(request, key) == 1) {
        made = roost_x509_certificate(key, signer, issuer, subject, names, "clientAuth", serial, from, until);
    }
    if (made) {
        bio = BIO_new(BIO_s_mem());
        *certificate_text = roost_text_of(bio, bio && PEM_write_bio_X509(bio, made) == 1);
    }
    X509_free(made);
    EVP_PKEY_free(key);
    X509_REQ_free(request);
    X509_free(issuer);
    EVP_PKEY_free(signer);
    ERR_clear_error();
    return *certificate_text != NULL;
}

// Whether a certificate in PEM is an authority that stands for itself, so that it can be trusted alone.
static inline int roost_x509_is_root(const char *certificate) {
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *known = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    int good = known && X509_self_signed(known, 1) == 1 && X509_check_ca(known) == 1;
    X509_free(known);
    ERR_clear_error();
    return good;
}

// When a certificate in PEM begins and ends to hold, in seconds since 1970; returns whether it is one.
static inline int roost_x509_validity(const char *certificate, long long *from, long long *until) {
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *known = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    BIO_free(bio);
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0, good = known && epoch;
    if (good && (good = ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notBefore(known)))) {
        *from = (long long)days * 86400 + seconds;
    }
    if (good && (good = ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(known)))) {
        *until = (long long)days * 86400 + seconds;
    }
    ASN1_TIME_free(epoch);
    X509_free(known);
    ERR_clear_error();
    return good;
}
