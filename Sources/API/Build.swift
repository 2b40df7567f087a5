package import Wire

/// A build of an image on the server's host.
package struct BuildRequest: Codable, Sendable {
    package var suite: String
    /// Beyond the base; left out: none.
    package var packages: [String]?

    package init(suite: String, packages: [String]? = nil) {
        self.suite = suite
        self.packages = packages
    }
}

/// How far a build is.
package enum BuildState: String, Sendable, Codable { case waiting, running, done, failed, cancelled }

/// A build of an image on the server's host, or a boot test there.
package struct BuildAnswer: Codable, Sendable {
    package var id: Int
    package var image: String
    package var suite: String
    package var packages: [String]
    /// The version that is booted, when nothing is built.
    package var tested: Int?
    package var by: String
    package var state: BuildState
    @SecondTimestamp package var startedAt: Int
    @SecondTimestamp package var endedAt: Int?
    package var version: Int?
    package var failure: String?
    /// Lines of the log up to now.
    package var lineCount: Int
    /// Only when one build is asked for: the lines beyond the number in `after`, or what is left of them.
    package var lines: [String]?

    package init(
        id: Int, image: String, suite: String, packages: [String], tested: Int? = nil, by: String,
        state: BuildState, startedAt: Int, endedAt: Int? = nil, version: Int? = nil, failure: String? = nil,
        lineCount: Int, lines: [String]? = nil
    ) {
        self.id = id
        self.image = image
        self.suite = suite
        self.packages = packages
        self.tested = tested
        self.by = by
        self.state = state
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.version = version
        self.failure = failure
        self.lineCount = lineCount
        self.lines = lines
    }
}
