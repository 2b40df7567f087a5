/// What somebody may do in a part of the fleet.
package enum Role: String, Sendable, CaseIterable, Codable {
    /// Everything, including who else may do what.
    case admin
    /// Nodes, groups, settings, images.
    case operator_ = "operator"
    /// Looks on, approves and restarts machines.
    case helpdesk
    /// Looks on, and reads who changed what.
    case auditor
    /// Another server that copies versions from this one; for tokens only, never for a person.
    case replica
}

/// One kind of act that the control center asks leave for.
package enum Permission: String, Sendable, CaseIterable, Codable {
    /// To see nodes, groups, images, leases, boots.
    case read
    /// To see which versions there are, and to fetch their files.
    case fetch
    /// To tell which versions another server has.
    case replicate
    /// To see who changed what, with the values of before and after.
    case audit
    /// To approve a waiting machine, name it and place it; to restart it.
    case enrol
    /// To change nodes, groups and settings.
    case configure
    /// To publish, promote and remove versions; to change rules.
    case publish
    /// To change administrators, tokens of others, and the server itself.
    case administer
}

extension Role {
    package var permissions: Set<Permission> { Set(Permission.allCases.filter(allows)) }

    /// Asked for every node of a list: no set is made for it.
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
    /// What a person, or a group of people, may be given.
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
    /// Whether one of them allows `permission` in `group`.
    package func allow(_ permission: Permission, in group: GroupPath) -> Bool {
        contains { $0.group.contains(group) && $0.role.allows(permission) }
    }

    /// Whether one of them allows `permission` anywhere at all.
    package func allowSomewhere(_ permission: Permission) -> Bool {
        contains { $0.role.allows(permission) }
    }

    /// Whether these grants cover everything that `other` allows: nobody hands out more than they have.
    package func cover(_ other: [Grant]) -> Bool {
        other.allSatisfy { wanted in
            wanted.role.permissions.allSatisfy { allow($0, in: wanted.group) }
        }
    }
}
