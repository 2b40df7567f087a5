/// A part of the server that can be switched on or off.
package enum ServerRole: String, Sendable, CaseIterable, Codable {
    case dhcp, tftp, http, nbd, nfs, center

    /// The roles of a file that names none. NFS needs another program's server.
    package static let standard = allCases.filter { $0 != .nfs }
}

extension [ServerRole] {
    /// `dhcp tftp http`.
    package var text: String { map(\.rawValue).joined(separator: " ") }
}
