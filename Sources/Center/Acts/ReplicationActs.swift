import API
import Fleet

/// Versions for other servers to copy, and which server has which.
extension Acts {
    /// Versions in one replica's report.
    private static let copyLimit = 10_000

    /// A file of a version in the image store.
    struct VersionFile: Sendable {
        var path: String
        var name: String
        var digest: Digest
        /// Zero for the manifest.
        var byteCount: Int
    }

    func file(_ file: String, of name: ImageName, _ wanted: String) throws -> VersionFile {
        try require(.fetch)
        let version = try Self.version(wanted, of: image(name))
        let byteCount = version.manifest.file(file)?.byteCount
        guard file == "manifest.json" || byteCount != nil else {
            throw StoreError.notFound("\(name)@\(version.number) has no file ‘\(file)’")
        }
        return VersionFile(
            path: services.filePath(version, file), name: file, digest: version.digest,
            byteCount: byteCount ?? 0)
    }

    /// The servers with their versions of an image.
    func places(of name: ImageName) async throws -> [PlaceAnswer] {
        try require(.read)
        return await services.replication.places(of: fleet.snapshot.images[name], name)
    }

    /// The servers that this one copies from.
    func sources() async throws -> [SourceAnswer] {
        try require(.read)
        return await services.replication.sourceAnswers
    }

    /// Polls the sources now.
    func lookAtSources() async throws -> RoundAnswer {
        try require(.publish, in: .site)
        return try await RoundAnswer(round: services.replication.lookNow())
    }

    /// Throws unless the caller is the replica `server`: only its own token may report for a server, not even an administrator's.
    private func requireReplica(_ server: String) throws {
        try require(.replicate, in: .site)
        guard caller.replica != server else { return }
        throw Problem(
            403, "Forbidden",
            caller.replica.map {
                "this token is for the server ‘\($0)’, and not for ‘\(server)’: that server's roost.yaml needs server-name: \($0), or a token of its own"
            }
                ?? "only the token of a replica may report what a server has (roost token add \(server) --owner NAME --role replica)"
        )
    }

    /// Records what a replica has.
    func note(_ report: ReplicaReport, of server: String) async throws {
        try requireReplica(server)
        guard report.copies.count <= Self.copyLimit else {
            throw Problem(422, "Too much", "at most \(Self.copyLimit) copies")
        }
        guard report.copies.allSatisfy({ (0...1).contains($0.share) }) else {
            throw Problem(422, "Invalid number", "share is 0 to 1")
        }
        try await services.replication.note(report, of: server)
    }
}
