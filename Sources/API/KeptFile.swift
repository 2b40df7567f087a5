package import Fleet

/// A file of LTSP that stays the truth, and how reading it went.
package struct KeptFileAnswer: Codable, Sendable {
    /// `site`, or `image/NAME`.
    package var scope: String
    package var path: String
    /// `lts.conf` or `ltsp.conf`; nil while it was never read.
    package var kind: String?
    /// Sections of what counts now.
    package var sectionCount: Int
    /// Whether the file as it is now is refused. What was read before counts on.
    package var isRefused: Bool
    /// Errors and warnings of the file as it is now.
    package var problems: [LTSPProblem]

    package init(
        scope: String, path: String, kind: String?, sectionCount: Int, isRefused: Bool,
        problems: [LTSPProblem]
    ) {
        self.scope = scope
        self.path = path
        self.kind = kind
        self.sectionCount = sectionCount
        self.isRefused = isRefused
        self.problems = problems
    }
}
