package import Fleet

/// The OpenID Connect provider for log-ins.
package struct OpenIDSettings: Equatable, Sendable {
    /// As spelled in the provider's tokens; `/.well-known/openid-configuration` is below it.
    package var issuer: String
    package var clientID: String
    package var clientSecret: String
    /// The button's text after “Log in with”.
    package var title = "single sign-on"
    /// The claim with the log-in name.
    package var nameClaim = "preferred_username"
    /// The claim with the names of groups.
    package var groupsClaim = "groups"
    package var scopes = ["openid", "profile", "email"]
    /// PEM file of the authority that signed the provider's certificate; nil: the system's.
    package var authorityPath: String?
    /// Where the provider sends browsers back to; nil: `/login/oidc/done` of the address that the browser used.
    package var redirect: String?
    /// Nil: roles are given here, manually.
    package var grants: DirectoryGrants?

    package init(issuer: String, clientID: String, clientSecret: String) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}
