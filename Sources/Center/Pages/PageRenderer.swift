import API
import Fleet
import Hummingbird
import Mustache
import Synchronization

/// Renders the templates of `Assets/`, one set per language.
struct PageRenderer: Sendable {
    /// The frame of every page.
    struct Frame {
        /// English; translated here.
        var title: String
        /// The highlighted entry of the menu, by its path.
        var section = ""
        /// Whether it shows the menu.
        var hasMenu = true
    }

    /// Templates and phrases of one language, parsed on first use: parsing all of them takes a tenth of a second, a third of the server's
    /// start.
    private final class Edition: Sendable {
        private let language: Language
        private let made = Mutex<(library: MustacheLibrary, words: Words)?>(nil)

        init(_ language: Language) { self.language = language }

        func read() throws -> (library: MustacheLibrary, words: Words) {
            try made.withLock { made in
                if let made { return made }
                PageText.register()
                let words = Words.of(language)
                var library = MustacheLibrary()
                for template in Assets.templates {
                    // A part may also be in the middle of a line.
                    var source = words.translating(template.source)
                    while source.last == "\n" { source.removeLast() }
                    try library.register(PageText.pragma + source, named: template.name)
                }
                made = (library, words)
                return (library, words)
            }
        }
    }

    private static let editions = Dictionary(
        uniqueKeysWithValues: Language.allCases.map { ($0, Edition($0)) })

    let version: String

    /// Finds an error in a language's templates before the first page is rendered.
    static func check(_ language: Language) throws { _ = try editions[language]?.read() }

    func words(_ context: CenterContext) -> Words {
        (try? Self.editions[context.language]?.read().words) ?? Words(.english, phrases: "")
    }

    /// The page for `view`, inside the common frame.
    func page(
        _ view: some TemplateView, _ frame: Frame, request: Request, context: CenterContext,
        status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        try page(
            text(view, context), frame, request: request, context: context, status: status, headers: headers)
    }

    private func page(
        _ content: String, _ frame: Frame, request: Request, context: CenterContext,
        status: HTTPResponse.Status, headers: HTTPFields
    ) throws -> Response {
        let words = words(context)
        let layout = LayoutView(
            language: context.language.rawValue, title: words(frame.title),
            user: context.caller?.name, hasMenu: frame.hasMenu && context.caller != nil,
            menu: LayoutView.menu(frame.section, grants: context.caller?.grants ?? [], words),
            flash: LayoutView.Flash(
                request, mayUndo: context.caller?.grants.allowSomewhere(.configure) ?? false),
            content: content, version: version, path: request.uri.description,
            languages: Language.allCases.map {
                LayoutView.Choice(code: $0.rawValue, name: $0.ownName, isChosen: $0 == context.language)
            })
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: try text(layout, context))))
    }

    private func text<Shown: TemplateView>(_ view: Shown, _ context: CenterContext) throws -> String {
        try Self.text(view, csrf: context.csrfToken, context.language)
    }

    /// The rendered template of `view`.
    static func text<Shown: TemplateView>(_ view: Shown, csrf: String, _ language: Language) throws -> String
    {
        let fields = try ViewFields(FormsView(csrf: csrf), view)
        guard
            let text = try editions[language]?.read().library.render(
                fields, withTemplate: Shown.template.name)
        else {
            throw Problem(500, "Failed", "there is no template ‘\(Shown.template.name)’")
        }
        return text
    }

    /// An error page for people.
    func problem(_ problem: Problem, request: Request, context: CenterContext, headers: HTTPFields) throws
        -> Response
    {
        if problem.status == 401, request.method == .get {
            let back = Escape.component(request.uri.description)
            return Response(status: .seeOther, headers: [.location: "/login?back=\(back)"])
        }
        return try page(
            ProblemView(heading: words(context)(problem.title), detail: words(context)(problem)),
            Frame(title: problem.title), request: request, context: context,
            status: .init(code: problem.status), headers: headers)
    }
}

extension CenterContext {
    /// The CSRF token for this session's forms; empty without a session.
    var csrfToken: String {
        if case .session(let token, _)? = caller?.proof { token } else { "" }
    }
}
