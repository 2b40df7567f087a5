/// The caller's identity and permissions.
package struct CallerAnswer: Codable, Sendable {
    package var name: String
    package var grants: [String]

    package init(name: String, grants: [String]) {
        self.name = name
        self.grants = grants
    }
}
