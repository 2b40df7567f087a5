import Fleet

/// A place in the fleet: each has one of everything, with names that contain the place.
enum Place: String, CaseIterable, Sendable {
    case school = "/school"
    case office = "/office"
    case site = "/"
    /// It is not there, and nothing with its names is.
    case nowhere = "/nowhere"

    /// The places that are there.
    static let allCases: [Place] = [.school, .office, .site]

    /// The name of the place's node.
    var node: String {
        switch self {
        case .school: "pc-1"
        case .office: "desk-1"
        case .site: "hall-1"
        case .nowhere: "lost-1"
        }
    }

    var macAddress: String {
        switch self {
        case .school: "52:54:00:00:03:01"
        case .office: "52:54:00:00:03:02"
        case .site: "52:54:00:00:03:03"
        case .nowhere: "52:54:00:00:03:04"
        }
    }

    /// A secret of its nodes.
    var secret: String { "secret-of-\(node)" }

    /// The path of a group below it: `/school/attic`.
    func below(_ name: String) -> String { self == .site ? "/\(name)" : "\(rawValue)/\(name)" }

    /// An administrator with a single role, there.
    var aide: String { "aide-\(node)" }
}

/// A caller with one role in one place.
struct Person: Sendable {
    var role: Role
    var place: Place

    /// Each role on the whole site, and in one group.
    static let all = [Place.site, .school].flatMap { place in
        Role.allCases.map { Person(role: $0, place: place) }
    }

    /// For a replica, its server's name.
    var name: String { "\(role.rawValue)-\(place == .site ? "site" : "school")" }
    var token: String { "roost_\(name)" }
    var cookie: String { "cookie of \(name)".replacing(" ", with: "-") }
    var csrfToken: String { "csrf-\(name)" }
}
