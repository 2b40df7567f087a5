/// Who asks, and what they may do.
package struct CallerAnswer: Codable, Sendable {
    package var name: String
    package var grants: [String]

    package init(name: String, grants: [String]) {
        self.name = name
        self.grants = grants
    }
}
