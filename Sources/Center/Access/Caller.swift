import API
import Fleet

/// Who makes a request, and what they may do.
struct Caller: Sendable, Equatable {
    enum Proof: Sendable, Equatable {
        /// Whoever may open the local socket administers everything.
        case localSocket
        /// A browser's log-in; its forms bring `csrfToken`, and `hash` finds it again.
        case session(csrfToken: String, hash: String)
        case token(Int)
    }

    var name: String
    var grants: [Grant]
    var proof: Proof
    /// The server that the caller's token was made for, when that is a replica's.
    var replica: String?

    static let local = Caller(name: "local administrator", grants: [Grant(.admin)], proof: .localSocket)

    func allows(_ permission: Permission, in group: GroupPath) -> Bool { grants.allow(permission, in: group) }

    /// Throws unless `permission` is given for `group`.
    func require(_ permission: Permission, in group: GroupPath) throws {
        guard allows(permission, in: group) else {
            throw Problem(
                403, "Forbidden",
                "\(name) may not \(permission.rawValue) in \(group); an administrator with the role admin can change that"
            )
        }
    }

    /// Throws unless it is given somewhere.
    func requireSomewhere(_ permission: Permission) throws {
        guard grants.allowSomewhere(permission) else {
            throw Problem(403, "Forbidden", "\(name) has no role that may \(permission.rawValue)")
        }
    }

    /// Throws unless every edit is allowed where it is made.
    func requireLeave(for edits: [FleetEdit], in snapshot: FleetSnapshot) throws {
        for edit in edits {
            let permission = edit.permission(in: snapshot)
            for place in edit.places(in: snapshot) { try require(permission, in: place) }
        }
    }

    /// A machine that is in no group yet is everybody’s who may see anything.
    func sees(_ group: GroupPath?) -> Bool {
        group.map { allows(.read, in: $0) } ?? grants.allowSomewhere(.read)
    }
}
