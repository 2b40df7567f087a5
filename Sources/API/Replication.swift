package import Fleet
package import Wire

/// A server that versions are copied from, and the progress.
package struct SourceAnswer: Codable, Sendable {
    /// The file being copied now.
    package struct Current: Codable, Sendable {
        package var image: ImageName
        package var digest: Digest
        package var receivedByteCount: Int
        package var byteCount: Int

        package init(image: ImageName, digest: Digest, receivedByteCount: Int, byteCount: Int) {
            self.image = image
            self.digest = digest
            self.receivedByteCount = receivedByteCount
            self.byteCount = byteCount
        }
    }

    package var url: String
    /// When it last answered, in seconds since 1970.
    @SecondTimestamp package var seenAt: Int?
    /// When this server last had everything that the source has.
    @SecondTimestamp package var checkedAt: Int?
    /// The number of the last poll since the server started.
    package var round = 0
    package var problem: String?
    package var current: Current?

    package init(
        url: String, seenAt: Int? = nil, checkedAt: Int? = nil, round: Int = 0, problem: String? = nil,
        current: Current? = nil
    ) {
        self.url = url
        self.seenAt = seenAt
        self.checkedAt = checkedAt
        self.round = round
        self.problem = problem
        self.current = current
    }
}

/// The poll after which everything present now has been seen.
package struct RoundAnswer: Codable, Sendable {
    package var round: Int

    package init(round: Int) {
        self.round = round
    }
}

/// A version on a server.
package struct PlaceAnswer: Codable, Sendable {
    package var server: String
    /// Whether it is the answering server itself.
    package var isHere: Bool
    package var image: ImageName
    /// Each server has its own numbers; nil when unknown.
    package var number: Int?
    package var digest: Digest
    /// How much of it has arrived, 0 to 1.
    package var share: Double
    /// Seconds since 1970.
    @SecondTimestamp package var seenAt: Int

    package init(
        server: String, isHere: Bool, image: ImageName, number: Int? = nil, digest: Digest, share: Double,
        seenAt: Int
    ) {
        self.server = server
        self.isHere = isHere
        self.image = image
        self.number = number
        self.digest = digest
        self.share = share
        self.seenAt = seenAt
    }
}

/// The versions that a replica has.
package struct ReplicaReport: Codable, Sendable {
    package struct Copy: Codable, Sendable {
        package var image: ImageName
        package var digest: Digest
        package var share: Double

        package init(image: ImageName, digest: Digest, share: Double) {
            (self.image, self.digest, self.share) = (image, digest, share)
        }
    }

    package var copies: [Copy]

    package init(copies: [Copy]) {
        self.copies = copies
    }
}
