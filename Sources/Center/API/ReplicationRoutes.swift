import API
import Fleet
import Hummingbird
import NIOCore

/// Versions for other servers to copy, and which server has which.
struct ReplicationRoutes {
    private static let pieceByteCount = 256 * 1024
    private static let reportByteLimit = 2 << 20

    func add(to api: Routes) {
        api.get("images/:name/versions/:version/files/:file", .fetch) { request, context, acts in
            try await file(request, context, acts)
        }
        api.get("images/:name/places", .read) { _, context, acts in
            try await JSONAnswer(acts.places(of: context.imageName()))
        }
        api.get("replication", .read) { _, _, acts in try await JSONAnswer(acts.sources()) }
        api.post("replication", .publish) { _, _, acts in
            try await JSONAnswer(acts.lookAtSources(), status: .accepted)
        }
        api.put("replicas/:server", .replicate) { request, context, acts in
            let report = try await request.decoded(
                ReplicaReport.self, upTo: Self.reportByteLimit, isTolerant: true)
            try await acts.note(report, of: context.parameter("server"))
            return HTTPResponse.Status.noContent
        }
    }

    /// A file of a version, or the rest of it after some first bytes (RFC 9110 §14).
    private func file(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let file = try acts.file(
            context.parameter("file"), of: context.imageName(), context.parameter("version"))
        let io = FileIO()
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes",
            .eTag: "\"\(file.digest)/\(file.name)\"",
        ]
        guard let range = request.headers[.range] else {
            let body = try await io.loadFile(
                path: file.path, context: context, chunkLength: Self.pieceByteCount)
            return Response(status: .ok, headers: headers, body: body)
        }
        let byteCount = file.byteCount
        guard let start = Self.start(of: range), start < byteCount else {
            headers[.contentRange] = "bytes */\(byteCount)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        headers[.contentRange] = "bytes \(start)-\(byteCount - 1)/\(byteCount)"
        let body = try await io.loadFile(
            path: file.path, range: start...byteCount - 1, context: context, chunkLength: Self.pieceByteCount)
        return Response(status: .partialContent, headers: headers, body: body)
    }

    /// `bytes=N-`, which is all that resuming needs.
    static func start(of range: String) -> Int? {
        guard range.hasPrefix("bytes="), range.hasSuffix("-") else { return nil }
        return Int(range.dropFirst(6).dropLast()).flatMap { $0 >= 0 ? $0 : nil }
    }
}
