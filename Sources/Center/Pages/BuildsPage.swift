import API
import Fleet
import Foundation
import Hummingbird

/// Builds and boot tests on the server's host: start, follow the log, stop.
struct BuildsPage: FleetPage {
    static let views: [any TemplateView.Type] = [BuildView.self]

    let pages: Pages

    func add(to routes: Routes) {
        routes.post("images/build", .publish) { _, context, acts in
            let form = try pages.form(context)
            let packages = form["packages"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            let build = try await acts.startBuild(
                of: ImageName(form["name"]), BuildRequest(suite: form["suite"], packages: packages))
            return pages.redirect(Back.path(form["back"], otherwise: "/images/builds/\(build.id)"))
        }
        routes.get("images/builds/:id", .read) { request, context, acts in
            let build = try await acts.build(context.number("id", of: "build"))
            let view = BuildView(
                build, mayCancel: acts.may(.publish, in: .site), pages.renderer.words(context))
            return try pages.show(view, "Build", section: "/images", request, context)
        }
        routes.post("images/builds/:id/cancel", .publish) { _, context, acts in
            let id = try context.number("id", of: "build")
            try await acts.cancelBuild(id)
            return pages.redirect("/images/builds/\(id)")
        }
    }

    /// The Debian release of this server, so that the packages' sources match; `bookworm` elsewhere.
    static let hostSuite: String = {
        let text = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }
        return text.contains("ID=debian") ? line.map { String($0.dropFirst(17)) } ?? "bookworm" : "bookworm"
    }()
}
