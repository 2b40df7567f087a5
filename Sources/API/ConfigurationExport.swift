package import Fleet

/// The records of a configuration that people write, as far as the caller may see them, each kind in the order of its names. Secrets are
/// shown as `(set)`; sent back, they stay as they are.
package struct ConfigurationExport: Codable, Sendable, Equatable {
    /// The revision that all of it is from: the tag for `If-Match`.
    package var revision: Int
    /// Parents first.
    package var groups: [NodeGroup]
    package var imageSettings: [DeclaredImageSettings]
    package var rules: [MatchRule]
    package var nodes: [Node]
    package var networks: [Network]
    package var reservations: [DHCPReservation]
    package var loaderRules: [LoaderRule]
    /// Without their values.
    package var secrets: [DeclaredSecret]
    package var terminalServers: [TerminalServer] = []
    package var pools: [TerminalPool] = []
    /// The directory of people, without their passwords.
    package var accounts: [DeclaredAccount] = []
    package var schedules: [Schedule] = []
    package var channels: [DeclaredChannel]
    package var keeps: [DeclaredKeep]
    /// Without their passwords; empty for callers who may not administer the site.
    package var administrators: [DeclaredAdministrator]
    /// Those with names; empty for callers who may not administer the site.
    package var hooks: [NamedHook] = []

    package init(
        revision: Int, groups: [NodeGroup] = [], imageSettings: [DeclaredImageSettings] = [],
        rules: [MatchRule] = [], nodes: [Node] = [],
        networks: [Network] = [], reservations: [DHCPReservation] = [], loaderRules: [LoaderRule] = [],
        secrets: [DeclaredSecret] = [], channels: [DeclaredChannel] = [], keeps: [DeclaredKeep] = [],
        administrators: [DeclaredAdministrator] = []
    ) {
        self.channels = channels
        self.keeps = keeps
        self.administrators = administrators
        self.revision = revision
        self.groups = groups
        self.imageSettings = imageSettings
        self.rules = rules
        self.nodes = nodes
        self.networks = networks
        self.reservations = reservations
        self.loaderRules = loaderRules
        self.secrets = secrets
    }
}
