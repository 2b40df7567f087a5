package import Wire

/// A build of an image on the server's host.
package struct BuildRequest: Codable, Sendable {
    package var suite: String
    /// In addition to the base; left out: none.
    package var packages: [String]?

    package init(suite: String, packages: [String]? = nil) {
        self.suite = suite
        self.packages = packages
    }
}

/// The progress of a build.
package enum BuildState: String, Sendable, Codable { case waiting, running, done, failed, cancelled }

/// A build of an image on the server's host, or a boot test there.
package struct BuildAnswer: Codable, Sendable {
    package var id: Int
    package var image: String
    package var suite: String
    package var packages: [String]
    /// The version that is booted, for a boot test.
    package var tested: Int?
    package var by: String
    package var state: BuildState
    @SecondTimestamp package var startedAt: Int
    @SecondTimestamp package var endedAt: Int?
    package var version: Int?
    package var failure: String?
    /// Lines of the log so far.
    package var lineCount: Int
    /// Only when one build is requested: the lines after number `after`, as far as they are kept.
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
