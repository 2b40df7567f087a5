/// A set of permissions in a part of the fleet.
package enum Role: String, Sendable, CaseIterable, Codable {
    /// Everything, including other people's grants.
    case admin
    /// Nodes, groups, settings, images.
    case operator_ = "operator"
    /// Reads, approves and restarts machines.
    case helpdesk
    /// Reads, including the history of changes.
    case auditor
    /// Another server that copies versions from this one; only for tokens, never for a person.
    case replica
}

/// One kind of act that needs permission.
package enum Permission: String, Sendable, CaseIterable, Codable {
    /// See nodes, groups, images, leases, boots.
    case read
    /// See the existing versions, and fetch their files.
    case fetch
    /// Report the versions of another server.
    case replicate
    /// See the history of changes, with old and new values.
    case audit
    /// Approve a waiting machine, name and place it; restart it.
    case enrol
    /// Change nodes, groups and settings.
    case configure
    /// Publish, promote and remove versions; change rules.
    case publish
    /// Change administrators, tokens of others, and the server itself.
    case administer
}

extension Role {
    package var permissions: Set<Permission> { Set(Permission.allCases.filter(allows)) }

    /// Called for every node of a list, so it builds no set.
    func allows(_ permission: Permission) -> Bool {
        switch self {
        case .admin: true
        case .operator_: permission != .administer
        case .helpdesk: [.read, .fetch, .enrol].contains(permission)
        case .auditor: [.read, .fetch, .audit].contains(permission)
        case .replica: permission == .fetch || permission == .replicate
        }
    }
}

extension Role {
    /// The roles that a person or a group of people may have.
    package static let ofPeople = allCases.filter { $0 != .replica }
}

/// A role in a group and everything below it.
package struct Grant: Hashable, Sendable, Codable {
    package var role: Role
    package var group: GroupPath

    package init(_ role: Role, in group: GroupPath = .site) {
        self.role = role
        self.group = group
    }

    /// `operator`, or `operator@/school`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let role = Role(rawValue: String(first)) else { return nil }
        self.role = role
        guard parts.count == 2 else {
            group = .site
            return
        }
        guard let group = try? GroupPath(parts[1]) else { return nil }
        self.group = group
    }
}

extension Grant: CustomStringConvertible {
    package var description: String { group == .site ? role.rawValue : "\(role.rawValue)@\(group)" }
}

extension Sequence<Grant> {
    /// Whether one of the grants allows `permission` in `group`.
    package func allow(_ permission: Permission, in group: GroupPath) -> Bool {
        contains { $0.group.contains(group) && $0.role.allows(permission) }
    }

    /// Whether one of the grants allows `permission` in any group.
    package func allowSomewhere(_ permission: Permission) -> Bool {
        contains { $0.role.allows(permission) }
    }

    /// Whether these grants include everything that `other` allows: no one can give more than they have.
    package func cover(_ other: [Grant]) -> Bool {
        other.allSatisfy { wanted in
            wanted.role.permissions.allSatisfy { allow($0, in: wanted.group) }
        }
    }
}
