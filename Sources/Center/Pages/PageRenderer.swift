import API
import Fleet
import Hummingbird
import Mustache
import Synchronization

/// Fills the templates of `Assets/`, one set for each language.
struct PageRenderer: Sendable {
    /// What stands around every page.
    struct Frame {
        /// English; translated here.
        var title: String
        /// The entry of the menu that is lit: the path that it leads to.
        var section = ""
        /// Whether it shows the menu at all.
        var hasMenu = true
    }

    /// Templates and phrases of one language. They are read when the first page in it is asked for: reading all of them takes a
    /// tenth of a second, a third of the server's start.
    private final class Edition: Sendable {
        private let language: Language
        private let made = Mutex<(library: MustacheLibrary, words: Words)?>(nil)

        init(_ language: Language) { self.language = language }

        func read() throws -> (library: MustacheLibrary, words: Words) {
            try made.withLock { made in
                if let made { return made }
                PageText.register()
                let words = Words(language, phrases: Assets.phrases)
                var library = MustacheLibrary()
                for (name, source) in Assets.templates {
                    try library.register(PageText.pragma + words.translating(source), named: name)
                }
                made = (library, words)
                return (library, words)
            }
        }
    }

    private static let editions = Dictionary(
        uniqueKeysWithValues: Language.allCases.map { ($0, Edition($0)) })

    let version: String

    /// Finds a fault in the templates of a language before its first page does.
    static func check(_ language: Language) throws { _ = try editions[language]?.read() }

    func words(_ context: CenterContext) -> Words {
        (try? Self.editions[context.language]?.read().words) ?? Words(.english, phrases: "")
    }

    /// The page `template` with `fields`, inside the frame that all pages have.
    func page(
        _ template: String, _ frame: Frame, _ fields: [String: Any], request: Request,
        context: CenterContext, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        let words = words(context)
        var fields = fields
        fields["csrf"] = context.csrfToken
        fields["flash"] = flash(request, words, context)
        let content = try text(template, fields, context.language)
        var whole = fields
        whole["title"] = words(frame.title)
        whole["language"] = context.language.rawValue
        whole["languages"] = Language.allCases.map {
            ["code": $0.rawValue, "name": $0.ownName, "chosen": $0 == context.language] as [String: Any]
        }
        whole["content"] = content
        whole["version"] = version
        whole["path"] = request.uri.description
        whole["user"] = context.caller?.name
        whole["hasMenu"] = frame.hasMenu && context.caller != nil
        whole["menu"] = menu(frame.section, words, context)
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: try text("layout", whole, context.language))))
    }

    private func text(_ template: String, _ fields: [String: Any], _ language: Language) throws -> String {
        guard let text = try Self.editions[language]?.read().library.render(fields, withTemplate: template)
        else {
            throw Problem(500, "Failed", "there is no template ‘\(template)’")
        }
        return text
    }

    /// An error where a person looks.
    func problem(_ problem: Problem, request: Request, context: CenterContext, headers: HTTPFields) throws
        -> Response
    {
        if problem.status == 401, request.method == .get {
            let back = Escape.component(request.uri.description)
            return Response(status: .seeOther, headers: [.location: "/login?back=\(back)"])
        }
        return try page(
            "problem", Frame(title: problem.title),
            ["detail": problem.detail, "heading": words(context)(problem.title), "status": problem.status],
            request: request, context: context, status: .init(code: problem.status), headers: headers)
    }

    /// What was just done, with the way back.
    private func flash(_ request: Request, _ words: Words, _ context: CenterContext) -> [String: Any]? {
        guard let number = request.query("done").flatMap({ Int($0) }) else { return nil }
        return ["revision": number, "mayUndo": context.caller?.grants.allowSomewhere(.configure) ?? false]
    }

    private static let entries: [(path: String, title: String, permission: Permission)] = [
        ("/", "Dashboard", .read), ("/nodes", "Nodes", .read), ("/machines", "Unknown machines", .read),
        ("/groups", "Groups", .read), ("/rules", "Match rules", .read), ("/images", "Images", .read),
        ("/volumes", "Volumes", .read),
        ("/networks", "Networks", .read), ("/leases", "Leases", .read), ("/boots", "Boots", .read),
        ("/history", "History", .audit),
        ("/administrators", "Administrators", .administer), ("/tokens", "API tokens", .read),
        ("/hooks", "Web hooks", .administer),
        ("/settings", "Settings", .read), ("/wizard", "First steps", .configure),
    ]

    /// Pages of the whole site: those who have a part of it would be refused.
    private static let siteWide: Set<String> = ["/settings", "/hooks"]

    private func menu(_ section: String, _ words: Words, _ context: CenterContext) -> [[String: Any]] {
        let grants = context.caller?.grants ?? []
        return Self.entries.filter { entry in
            Self.siteWide.contains(entry.path)
                ? grants.allow(entry.permission, in: .site) : grants.allowSomewhere(entry.permission)
        }.map {
            ["path": $0.path, "title": words($0.title), "current": $0.path == section]
        }
    }
}

extension CenterContext {
    /// What forms of this session bring along; empty without one.
    var csrfToken: String {
        if case .session(let token, _)? = caller?.proof { token } else { "" }
    }
}
