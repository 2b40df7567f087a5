import API
import Fleet
import HTTPTypes
import Hummingbird

/// Files that people put on the server for nodes.
struct FileRoutes {
    func add(to api: Routes) {
        api.get("files", .read) { _, _, acts in try await JSONAnswer(acts.storedFiles())
        }
        api.get("files/:name", .read) { _, context, acts in
            let saved = try await acts.storedFile(Self.name(context))
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.put("files/:name", .configure) { request, context, acts in
            let name = try Self.name(context)
            let body = try await request.content(upTo: StoredFile.byteLimit)
            let saved = try await acts.putFile(name, Array(buffer: body), if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.get("files/:name/content", .configure) { _, context, acts in
            let content = try await acts.content(of: Self.name(context))
            // A browser saves it: it is no page of this server.
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/octet-stream", .contentDisposition: "attachment",
                    .cacheControl: "no-store",
                ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: content)))
        }
        api.delete("files/:name", .configure) { request, context, acts in
            try await acts.removeFile(Self.name(context), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
    }

    private static func name(_ context: CenterContext) throws -> StoredFileName {
        try StoredFileName(context.parameter("name"))
    }
}
