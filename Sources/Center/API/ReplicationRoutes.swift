import API
import Fleet
import Hummingbird
import NIOCore

/// Versions as other servers copy them, and who has which.
struct ReplicationRoutes {
    private static let pieceByteCount = 256 * 1024
    /// Versions in one report of a replica.
    private static let copyLimit = 10_000
    private static let reportByteLimit = 2 << 20

    let services: CenterServices

    func add(to api: Routes) {
        api.get("images/:name/versions/:version/files/:file", .fetch) { request, context, _ in
            try await file(request, context)
        }
        api.get("images/:name/places", .read) { _, context, _ in
            let name = try ImageName(context.parameter("name"))
            return try await JSONAnswer(
                services.replication.places(of: services.fleet.snapshot.images[name], name))
        }
        api.get("replication", .read) { _, _, _ in
            try await JSONAnswer(services.replication.sourceAnswers)
        }
        api.post("replication", .publish) { _, _, caller in
            try caller.require(.publish, in: .site)
            return try await JSONAnswer(RoundAnswer(round: services.replication.lookNow()), status: .accepted)
        }
        api.put("replicas/:server", .replicate) { request, context, caller in
            let server = try context.parameter("server")
            try Self.require(server, caller)
            let report = try await request.decoded(ReplicaReport.self, upTo: Self.reportByteLimit)
            guard report.copies.count <= Self.copyLimit else {
                throw Problem(422, "Too much", "at most \(Self.copyLimit) copies")
            }
            guard report.copies.allSatisfy({ (0...1).contains($0.share) }) else {
                throw Problem(422, "Invalid number", "share is 0 to 1")
            }
            try await services.replication.note(report, of: server)
            return HTTPResponse.Status.noContent
        }
    }

    /// What a server has is told by its own token and by no other, an administrator's included.
    private static func require(_ server: String, _ caller: Caller) throws {
        try caller.require(.replicate, in: .site)
        guard caller.replica != server else { return }
        throw Problem(
            403, "Forbidden",
            caller.replica.map {
                "this token is for the server ‘\($0)’, and not for ‘\(server)’: that server's roost.yaml needs server-name: \($0), or a token of its own"
            }
                ?? "only the token of a replica tells what a server has (roost token add \(server) --owner NAME --role replica)"
        )
    }

    /// A file of a version, or what follows its first bytes (RFC 9110 §14).
    private func file(_ request: Request, _ context: CenterContext) async throws -> Response {
        let routes = ImageRoutes(services: services)
        let image = try routes.image(context, in: services.fleet.snapshot)
        let version = try routes.version(context.parameter("version"), of: image)
        let name = try context.parameter("file")
        guard name == "manifest.json" || version.manifest.file(name) != nil else {
            throw StoreError.notFound("\(image.name)@\(version.number) has no file ‘\(name)’")
        }
        let path = services.filePath(version, name)
        let io = FileIO()
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes",
            .eTag: "\"\(version.digest)/\(name)\"",
        ]
        guard let range = request.headers[.range] else {
            let body = try await io.loadFile(path: path, context: context, chunkLength: Self.pieceByteCount)
            return Response(status: .ok, headers: headers, body: body)
        }
        let byteCount = version.manifest.file(name)?.byteCount ?? 0
        guard let start = Self.start(of: range), start < byteCount else {
            headers[.contentRange] = "bytes */\(byteCount)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        headers[.contentRange] = "bytes \(start)-\(byteCount - 1)/\(byteCount)"
        let body = try await io.loadFile(
            path: path, range: start...byteCount - 1, context: context, chunkLength: Self.pieceByteCount)
        return Response(status: .partialContent, headers: headers, body: body)
    }

    /// `bytes=N-`, which is all that going on needs.
    static func start(of range: String) -> Int? {
        guard range.hasPrefix("bytes="), range.hasSuffix("-") else { return nil }
        return Int(range.dropFirst(6).dropLast()).flatMap { $0 >= 0 ? $0 : nil }
    }
}
