// libldap's options are macros with casts and take pointers of several types, which Swift cannot call.
#include <ldap.h>
#include <sys/time.h>

/// A handle for `url` with protocol 3, no referrals and `seconds` for each step; NULL without memory or for a bad URL.
static inline LDAP *roost_ldap_open(const char *url, const char *ca_path, int seconds) {
    LDAP *ldap = NULL;
    if (ldap_initialize(&ldap, url) != LDAP_SUCCESS) return NULL;
    int version = LDAP_VERSION3;
    struct timeval limit = {.tv_sec = seconds, .tv_usec = 0};
    int demand = LDAP_OPT_X_TLS_DEMAND, is_server = 0;
    ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &limit);
    ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &limit);
    ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    if (ca_path) ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, ca_path);
    // A context of its own: without, the certificates of the process's first handle hold for all.
    ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &is_server);
    return ldap;
}

/// A simple bind (RFC 4513 section 5.1); returns the result code.
static inline int roost_ldap_bind(LDAP *ldap, const char *dn, const char *password, unsigned long byte_count) {
    struct berval credentials = {.bv_len = byte_count, .bv_val = (char *)password};
    return ldap_sasl_bind_s(ldap, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
}

/// All entries below `base` that `filter` fits, at most `limit`, with all attributes; returns the result code.
static inline int roost_ldap_search(LDAP *ldap, const char *base, const char *filter, char **attributes, int limit, LDAPMessage **result) {
    return ldap_search_ext_s(ldap, base, LDAP_SCOPE_SUBTREE, filter, attributes, 0, NULL, NULL, NULL, limit, result);
}

/// What the handle has to say about its last failure, to be freed with `ldap_memfree`; may be NULL.
static inline char *roost_ldap_diagnostic(LDAP *ldap) {
    char *text = NULL;
    ldap_get_option(ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
    return text;
}

static inline void roost_ldap_close(LDAP *ldap) { ldap_unbind_ext_s(ldap, NULL, NULL); }
