import API
import Fleet
import Foundation
import Hummingbird

/// What the server's host builds and boots: ordered, followed line by line, ended.
struct BuildsPage {
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
            let build = try await acts.build(BuildRoutes.id(context))
            var fields = Self.fields(of: build, pages.renderer.words(context))
            fields["log"] = build.lines.joined(separator: "\n")
            fields["dropped"] = build.droppedLineCount > 0 ? build.droppedLineCount : nil
            fields["mayCancel"] = !build.isOver && acts.may(.publish, in: .site)
            return try pages.show("build", "Build", section: "/images", fields, request, context)
        }
        routes.post("images/builds/:id/cancel", .publish) { _, context, acts in
            let id = try BuildRoutes.id(context)
            try await acts.cancelBuild(id)
            return pages.redirect("/images/builds/\(id)")
        }
    }

    /// The release of Debian that this server runs, which is what its packages' sources have; `bookworm` elsewhere.
    static let hostSuite: String = {
        let text = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }
        return text.contains("ID=debian") ? line.map { String($0.dropFirst(17)) } ?? "bookworm" : "bookworm"
    }()

    static func fields(of build: ImageBuilds.Build, _ words: Words) -> [String: Any] {
        var fields: [String: Any] = [
            "id": build.id,
            "name": build.order.image + (build.test.map { "@\($0.version.number)" } ?? ""),
            "isTest": build.test != nil,
            "aim": build.test?.channel.map { "→ \($0)" } ?? "", "suite": build.order.suite,
            "packages": build.order.packages.joined(separator: " "), "by": build.by,
            "state": words(build.state.rawValue), "isOver": build.isOver,
            "style": build.state == .done ? "ready" : build.state == .failed ? "failed" : "booting",
            "started": Format.time(second: build.startedAt), "last": build.lines.last ?? "",
        ]
        fields["version"] = build.version
        fields["failure"] = build.failure
        if let end = build.endedAt { fields["took"] = Format.duration((end - build.startedAt) * 1_000) }
        return fields
    }
}
