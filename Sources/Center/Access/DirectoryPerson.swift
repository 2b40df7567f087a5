import Fleet

/// A person authenticated by a directory.
struct DirectoryPerson: Sendable, Equatable {
    /// The log-in name as spelled in the directory.
    var name: String
    var fullName: String
    /// Names of groups; distinguished names from LDAP.
    var groups: [String]
    /// Nil from LDAP, where the name is the identity.
    var identity: ProviderIdentity?
}

/// Sources of authentication besides local passwords.
package struct LogInSources: Equatable, Sendable {
    package var ldap: LDAPSettings?
    package var openID: OpenIDSettings?

    package init(ldap: LDAPSettings? = nil, openID: OpenIDSettings? = nil) {
        self.ldap = ldap
        self.openID = openID
    }
}
