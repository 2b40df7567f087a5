#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
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
