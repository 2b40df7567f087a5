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
    // No message of a directory is as long; without a maximum its length is taken for granted.
    ber_len_t most = 4 << 20;
    Sockbuf *socket = NULL;
    if (ldap_get_option(ldap, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS && socket)
        ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most);
    return ldap;
}

/// A simple bind (RFC 4513 section 5.1); returns the result code.
static inline int roost_ldap_bind(LDAP *ldap, const char *dn, const char *password, unsigned long byte_count) {
    struct berval credentials = {.bv_len = byte_count, .bv_val = (char *)password};
    return ldap_sasl_bind_s(ldap, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
}

/// Begins to search all entries below `base` that `filter` fits, at most `limit`; returns the result code.
static inline int roost_ldap_search(LDAP *ldap, const char *base, const char *filter, char **attributes, int limit, int *number) {
    return ldap_search_ext(ldap, base, LDAP_SCOPE_SUBTREE, filter, attributes, 0, NULL, NULL, NULL, limit, number);
}

/// The next message of a search, to be freed with `ldap_msgfree`; returns its type, 0 when `milliseconds` are over, -1 for a failure.
static inline int roost_ldap_next(LDAP *ldap, int number, long milliseconds, LDAPMessage **message) {
    struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    return ldap_result(ldap, number, LDAP_MSG_ONE, &limit, message);
}

/// The result code of the last message of a search.
static inline int roost_ldap_result_code(LDAP *ldap, LDAPMessage *message) {
    int code = LDAP_SUCCESS;
    int result = ldap_parse_result(ldap, message, &code, NULL, NULL, NULL, NULL, 0);
    return result == LDAP_SUCCESS ? code : result;
}

/// Why the last call on a handle failed.
static inline int roost_ldap_failure(LDAP *ldap) {
    int code = LDAP_OTHER;
    ldap_get_option(ldap, LDAP_OPT_RESULT_CODE, &code);
    return code == LDAP_SUCCESS ? LDAP_OTHER : code;
}

/// What the handle has to say about its last failure, to be freed with `ldap_memfree`; may be NULL.
static inline char *roost_ldap_diagnostic(LDAP *ldap) {
    char *text = NULL;
    ldap_get_option(ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
    return text;
}

static inline void roost_ldap_close(LDAP *ldap) { ldap_unbind_ext_s(ldap, NULL, NULL); }
