import Fleet

/// Somebody whom a directory vouches for.
struct DirectoryPerson: Sendable, Equatable {
    /// The log-in name as the directory writes it.
    var name: String
    var fullName: String
    /// Names of groups; distinguished names from LDAP.
    var groups: [String]
    /// Nil from LDAP, where the name is the identity.
    var identity: ProviderIdentity?
}

/// Where people prove who they are, beside local passwords.
package struct LogInSources: Equatable, Sendable {
    package var ldap: LDAPSettings?
    package var openID: OpenIDSettings?

    package init(ldap: LDAPSettings? = nil, openID: OpenIDSettings? = nil) {
        self.ldap = ldap
        self.openID = openID
    }
}
