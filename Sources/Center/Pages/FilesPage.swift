import API
import Fleet
import Foundation
import Hummingbird

/// Files on the server for nodes: which there are, the text of one to edit, and a form for a new one.
struct FilesPage: FleetPage {
    static let views: [any TemplateView.Type] = [FilesView.self]
    static let menu = [MenuEntry("/files", "Files for nodes", .configuration, .read)]

    /// Longer texts are edited elsewhere.
    private static let textLimit = 256 << 10

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("files", .read) { request, context, acts in
            if let name = request.query("remove") {
                return try await show(removal: name, request, context, acts)
            }
            var form = try await form(of: request.query("name"), isNew: request.wants("new"), acts)
            if form?.isNew == true { form?.path = request.query("path") ?? "" }
            return try await show(form, request, context, acts)
        }
        routes.post("files", .configure) { request, context, acts in
            let form = try pages.form(context)
            do {
                let path = form["path"].trimmingCharacters(in: .whitespaces)
                let delivery = try path.isEmpty ? nil : Acts.FileDelivery(path: path, group: form.group)
                let saved = try await acts.putFile(
                    named: Self.name(form["name"], path), Self.content(form), for: delivery)
                return pages.redirect(Back.done("/files", saved.revision))
            } catch let error where form.has("path") && error.isRefusalOfForm {
                let typed = FilesView.Typed(
                    name: form["name"], text: form["text"], isNew: true, path: form["path"], form: form)
                return try await show(
                    typed, failure: pages.renderer.words(context)(error), request, context, acts)
            }
        }
        routes.post("files/:name/remove", .configure) { _, context, acts in
            try await acts.removeFile(StoredFileName(context.parameter("name")))
            return pages.redirect(Back.done("/files", acts.revision))
        }
    }

    /// The name that was typed, or the last part of the path without its mode.
    private static func name(_ typed: String, _ path: String) -> String {
        guard typed.isEmpty, let last = path.split(separator: "/").last else { return typed }
        return last.firstIndex(of: ":").map { String(last[..<$0]) } ?? String(last)
    }

    /// The bytes of the file that was chosen; without one, the text.
    private static func content(_ form: Form) throws -> [UInt8] {
        let chosen = form[FilesView.upload]
        guard !chosen.isEmpty else { return Array(form["text"].replacing("\r\n", with: "\n").utf8) }
        guard let bytes = Data(base64Encoded: chosen) else {
            throw Problem(422, "Invalid file", "the file did not arrive whole: choose it again")
        }
        return Array(bytes)
    }

    /// - Parameter name: of a stored file; empty: a new one; nil: none.
    private func form(of name: String?, isNew: Bool, _ acts: Acts) async throws -> FilesView.Typed? {
        guard acts.may(.configure, in: .site) else { return nil }
        if isNew { return FilesView.Typed(name: "", text: "", isNew: true) }
        guard let name else { return nil }
        let bytes = try await acts.content(of: StoredFileName(name))
        // Only what comes back as it is.
        guard bytes.count <= Self.textLimit, let text = String(validating: bytes, as: UTF8.self),
            PageText.field(text) == text
        else {
            throw Problem(
                409, "Not a text",
                "‘\(name)’ is no text, or too long to edit here: ‘roost file put’ replaces it")
        }
        return FilesView.Typed(name: name, text: text, isNew: false)
    }

    private func show(
        _ typed: FilesView.Typed? = nil, removal: String? = nil, failure: String? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let view = FilesView(
            try await acts.storedFiles(), failure: failure, typed: typed, removal: removal,
            mayEdit: acts.may(.configure, in: .site),
            groups: typed?.isNew == true
                ? acts.groupPaths(.configure).prefix(FormView.suggestionLimit).map(\.description) : [],
            pages.renderer.words(context))
        return try pages.show(
            view, "Files for nodes", section: "/files", request, context,
            failure: failure)
    }
}
