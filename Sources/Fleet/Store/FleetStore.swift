package import Wire

/// Why the store did not do as told. Closed on purpose: the API answers 404, 409 and 503, the CLI ends with 3, 4 and 5.
package enum StoreError: Error {
    case notFound(String)
    case conflict(String)
    case unavailable(any Error)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound(let what): what
        case .conflict(let what): what
        case .unavailable(let cause): "the store cannot be used: \(cause)"
        }
    }
}

/// One change of the configuration.
package struct Revision: Equatable, Sendable, Codable {
    package var number: Int
    /// Seconds since 1970.
    package var at: Int
    package var who: String
    package var what: String

    package init(number: Int, at: Int, who: String, what: String) {
        self.number = number
        self.at = at
        self.who = who
        self.what = what
    }
}

/// The configuration and the history of a fleet, in the domain's words. Every change is a revision.
package protocol FleetStore: Sendable {
    /// Everything that the data planes need, as it is now.
    func snapshot() async throws(StoreError) -> FleetSnapshot

    /// Adds a node or replaces the one with its name. Its hardware addresses must not be another's.
    func save(_ node: Node, by who: String) async throws(StoreError)

    func removeNode(_ name: NodeName, by who: String) async throws(StoreError)

    /// Adds a group or replaces the one with its path.
    func save(_ group: NodeGroup, by who: String) async throws(StoreError)

    /// Removes a group that has neither nodes nor groups below it.
    func removeGroup(_ path: GroupPath, by who: String) async throws(StoreError)

    /// Enters a version, with the next number of its image. The first version also becomes `stable`.
    ///
    /// - Returns: the version; the one that is there when the digest is known already.
    func addVersion(
        _ manifest: ImageManifest, digest: Digest, by who: String
    ) async throws(StoreError) -> ImageVersion

    /// Points a channel at a version.
    func promote(_ version: ImageVersion, to channel: ChannelName, by who: String) async throws(StoreError)

    /// Points a channel back to where it pointed before its last change.
    ///
    /// - Returns: the number that it points to now.
    func rollBack(_ channel: ChannelName, of image: ImageName, by who: String) async throws(StoreError) -> Int

    /// Removes a version that no channel points to.
    func remove(_ version: ImageVersion, by who: String) async throws(StoreError)

    /// The last changes, newest first.
    func revisions(limit: Int) async throws(StoreError) -> [Revision]

    /// Keeps what a machine is made of, when it differs from what is known.
    func save(_ hardware: Hardware, of machine: MACAddress) async throws(StoreError)

    func hardware(of machine: MACAddress) async throws(StoreError) -> Hardware?

    func append(_ events: [BootEvent]) async throws(StoreError)

    /// The last boots of one machine, or of all, newest first.
    func boots(of machine: MACAddress?, limit: Int) async throws(StoreError) -> [BootTimeline]

    /// The last boot of every machine that was ever seen.
    func lastBoots() async throws(StoreError) -> [BootTimeline]
}
