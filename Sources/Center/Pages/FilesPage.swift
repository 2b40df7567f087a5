import API
import Fleet
import Hummingbird

/// Files on the server for nodes: which there are, and a form for a new one of text.
struct FilesPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("files", .read) { request, context, acts in try await show(request, context, acts)
        }
        routes.post("files", .configure) { request, context, acts in
            let form = try pages.form(context)
            do {
                let text = form["text"].replacing("\r\n", with: "\n")
                _ = try await acts.putFile(named: form["name"], Array(text.utf8))
                return pages.redirect("/files")
            } catch let error as InvalidName {
                return try await show(failure: "\(error)", typed: form, request, context, acts)
            }
        }
        routes.post("files/:name/remove", .configure) { _, context, acts in
            try await acts.removeFile(StoredFileName(context.parameter("name")))
            return pages.redirect("/files")
        }
    }

    private func show(
        failure: String? = nil, typed: Form? = nil, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let view = FilesView(
            try await acts.storedFiles(), failure: failure, typed: typed,
            mayEdit: acts.may(.configure, in: .site), pages.renderer.words(context))
        return try pages.show(
            view, "Files for nodes", section: "/files", request, context,
            status: failure == nil ? .ok : .unprocessableContent)
    }
}
