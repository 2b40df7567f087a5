import API
import Fleet

/// The caller of a request, with permissions.
struct Caller: Sendable, Equatable {
    enum Proof: Sendable, Equatable {
        /// Access to the local socket means full administration.
        case localSocket
        /// A browser's log-in; its forms carry `csrfToken`, and `hash` identifies it.
        case session(csrfToken: String, hash: String)
        case token(Int)

        /// What runs by itself for an account. Tokens have numbers above 0.
        static let ofSchedule = Proof.token(0)
    }

    var name: String
    var grants: [Grant]
    var proof: Proof
    /// The server that a replica's token was made for.
    var replica: String?
    /// The account whose password or token this is; nil for the local socket.
    var account: String?

    static let local = Caller(name: "local administrator", grants: [Grant(.admin)], proof: .localSocket)

    func allows(_ permission: Permission, in group: GroupPath) -> Bool { grants.allow(permission, in: group) }

    /// Throws unless the caller has `permission` in `group`.
    func require(_ permission: Permission, in group: GroupPath) throws {
        guard allows(permission, in: group) else {
            throw Problem(
                403, "Forbidden",
                "\(name) may not \(permission.rawValue) in \(group); an administrator with the role admin can change that"
            )
        }
    }

    /// The node, if the caller has `permission` where it is. A missing node is refused like one elsewhere: only callers with the permission on
    /// the whole site learn which names there are.
    ///
    /// - Parameters:
    ///   - text: the name or address that was asked for.
    ///   - snapshot: has the names among which is the one that was probably meant.
    func permitted(
        _ node: Node?, named text: String, _ permission: Permission, in snapshot: FleetSnapshot
    ) throws -> Node {
        if let node, allows(permission, in: node.group) { return node }
        try requireNames(permission, "node", text)
        throw StoreError.notFound(
            ("there is no node ‘\(text)’ (roost node list shows all)" as Sentence)
                .followed(by: NearestName.hint(text, among: snapshot.nodes.keys.map(\.text))))
    }

    /// Throws unless the caller has `permission` on the whole site, and so may learn whether a name exists.
    func requireNames(_ permission: Permission, _ kind: String, _ text: String) throws {
        guard allows(permission, in: .site) else {
            throw Problem(
                403, "Forbidden",
                "there is no \(Sentence(phrase: kind)) ‘\(text)’ for which \(name) has the permission to \(permission.rawValue)"
            )
        }
    }

    /// Throws unless the caller may make the edit where its record is. A missing record is refused like one elsewhere.
    func requireKnowing(_ edit: FleetEdit, in snapshot: FleetSnapshot) throws {
        let (permission, places) = (edit.permission(in: snapshot), edit.places(in: snapshot))
        guard places.isEmpty || !places.allSatisfy({ allows(permission, in: $0) }) else { return }
        try requireNames(permission, edit.type.kind.replacing("-", with: " "), edit.key)
    }

    /// Throws unless the caller has it in some group.
    func requireSomewhere(_ permission: Permission) throws {
        guard grants.allowSomewhere(permission) else {
            throw Problem(
                403, "Forbidden", "\(name) has no role that may \(permission.rawValue)")
        }
    }

    /// Throws unless every edit is allowed in its place, and gives and takes no role that the caller has not.
    func requireLeave(for edits: [FleetEdit], in snapshot: FleetSnapshot) throws {
        for edit in edits where !edit.isFollowing {
            let (permission, places) = (edit.permission(in: snapshot), edit.places(in: snapshot))
            if places.isEmpty { try requireSomewhere(permission) }
            for place in places where !allows(permission, in: place) {
                // Group and permission tell where a record is, and whether it exists.
                guard allows(.read, in: place) else {
                    throw Problem(
                        403, "Forbidden",
                        "\(name) does not have the permission for all groups that this change touches"
                    )
                }
                try require(permission, in: place)
            }
            guard grants.cover(edit.grants(in: snapshot)) else {
                throw Problem(
                    403, "Forbidden",
                    "\(Sentence(phrase: edit.type.kind)) \(edit.key) has, or would get, roles that \(name) does not have"
                )
            }
        }
    }

    /// A machine without a group is visible to every caller who may see anything.
    func sees(_ group: GroupPath?) -> Bool {
        group.map { allows(.read, in: $0) } ?? grants.allowSomewhere(.read)
    }
}
