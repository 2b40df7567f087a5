#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include "x509_shim.h"

// Keys of their parts (EVP_PKEY_fromdata(3)). The builder keeps pointers to names and parts until it is done, which Swift does not promise.

static inline EVP_PKEY *roost_key_of_parts(const char *kind, OSSL_PARAM_BLD *builder) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parts = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (parts && context && EVP_PKEY_fromdata_init(context) == 1) {
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parts);
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parts);
    return key;
}

// A public RSA key of modulus and exponent, most significant byte first; NULL when they are none.
static inline EVP_PKEY *roost_rsa_key(
    const unsigned char *modulus, int modulus_count, const unsigned char *exponent, int exponent_count) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus, modulus_count, NULL), *e = BN_bin2bn(exponent, exponent_count, NULL);
    EVP_PKEY *key = NULL;
    if (builder && n && e && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        key = roost_key_of_parts("RSA", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

// A public key on an elliptic curve, its point uncompressed; NULL when it is not on the curve.
static inline EVP_PKEY *roost_curve_key(const char *curve, const unsigned char *point, size_t point_count) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (builder && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, point_count) == 1) {
        key = roost_key_of_parts("EC", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    return key;
}

// What is sealed to a TPM (TPM 2.0 Library, part 1, §24).

// The public point of `scalar` on P-256, and x of what it shares with `peer`; points are uncompressed, 65 bytes. 0 when the scalar or
// the peer is none.
static inline int roost_p256_exchange(
    const unsigned char *scalar, const unsigned char *peer, unsigned char *point, unsigned char *shared) {
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BN_CTX *context = BN_CTX_new();
    BIGNUM *number = BN_bin2bn(scalar, 32, NULL);
    EC_POINT *own = group ? EC_POINT_new(group) : NULL, *other = group ? EC_POINT_new(group) : NULL,
             *product = group ? EC_POINT_new(group) : NULL;
    unsigned char bytes[65];
    int is_done = 0;
    if (context && number && own && other && product && !BN_is_zero(number) &&
        BN_cmp(number, EC_GROUP_get0_order(group)) < 0) {
        BN_set_flags(number, BN_FLG_CONSTTIME);
        // It refuses points that are not on the curve.
        if (EC_POINT_oct2point(group, other, peer, 65, context) == 1 &&
            EC_POINT_mul(group, own, number, NULL, NULL, context) == 1 &&
            EC_POINT_mul(group, product, NULL, other, number, context) == 1 &&
            EC_POINT_is_at_infinity(group, product) == 0 &&
            EC_POINT_point2oct(group, own, POINT_CONVERSION_UNCOMPRESSED, point, 65, context) == 65 &&
            EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, bytes, 65, context) == 65) {
            memcpy(shared, bytes + 1, 32);
            is_done = 1;
        }
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    EC_POINT_clear_free(product);
    EC_POINT_free(other);
    EC_POINT_free(own);
    BN_clear_free(number);
    BN_CTX_free(context);
    EC_GROUP_free(group);
    return is_done;
}

// AES-128-CFB with a nonce of zeros.
static inline int roost_aes128_cfb(
    const unsigned char *key, const unsigned char *bytes, int count, unsigned char *result) {
    static const unsigned char zeros[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0;
    int is_done = context && EVP_EncryptInit_ex(context, EVP_aes_128_cfb128(), NULL, key, zeros) == 1 &&
                  EVP_EncryptUpdate(context, result, &done, bytes, count) == 1 && done == count;
    EVP_CIPHER_CTX_free(context);
    return is_done;
}

// RSA-OAEP with SHA-256 and the label `IDENTITY`, with its NUL; `result` has as many bytes as the modulus.
static inline int roost_oaep_identity(
    EVP_PKEY *key, const unsigned char *bytes, size_t count, unsigned char *result, size_t result_count) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    void *label = OPENSSL_memdup("IDENTITY", 9);
    size_t done = result_count;
    int is_done = 0;
    if (context && label && EVP_PKEY_encrypt_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, 9) == 1) {
        label = NULL; // It belongs to the context now.
        is_done = EVP_PKEY_encrypt(context, result, &done, bytes, count) == 1 && done == result_count;
    }
    OPENSSL_free(label);
    EVP_PKEY_CTX_free(context);
    return is_done;
}

// A certificate of which all bytes are read; NULL when they are none.
static inline X509 *roost_certificate(const unsigned char *bytes, long count) {
    const unsigned char *end = bytes;
    X509 *certificate = d2i_X509(NULL, &end, count);
    ERR_clear_error();
    if (certificate && end != bytes + count) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

// Whether its public key, as its kind writes it, is these bytes.
static inline int roost_certificate_has_key(X509 *certificate, const unsigned char *key, int count) {
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
    return bits && ASN1_STRING_length(bits) == count && memcmp(ASN1_STRING_get0_data(bits), key, (size_t)count) == 0;
}

static inline void roost_certificate_issuer(X509 *certificate, char *text, int count) {
    X509_NAME_oneline(X509_get_issuer_name(certificate), text, count);
}

// The certificates of a PEM text as anchors; NULL when it has none, or something else in it cannot be read.
static inline X509_STORE *roost_anchors(const char *text, int count) {
    BIO *source = BIO_new_mem_buf(text, count);
    X509_STORE *store = X509_STORE_new();
    int number = 0;
    X509 *certificate;
    while (source && store && (certificate = PEM_read_bio_X509(source, NULL, NULL, NULL))) {
        number += X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
    }
    BIO_free(source);
    ERR_clear_error();
    if (number == 0) {
        X509_STORE_free(store);
        return NULL;
    }
    // An intermediate authority may be trusted alone; certificates of TPMs are not renewed when their time is over.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    return store;
}

static inline int roost_is_trusted(X509_STORE *store, X509 *certificate) {
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int is_trusted = context && X509_STORE_CTX_init(context, store, certificate, NULL) == 1 &&
                     X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return is_trusted;
}
