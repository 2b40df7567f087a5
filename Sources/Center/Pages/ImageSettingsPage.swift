import API
import Fleet
import Foundation
import Hummingbird

/// The settings of an image, or of one of its versions.
struct ImageSettingsPage: FleetPage {
    static let views: [any TemplateView.Type] = [ImageSettingsView.self]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("images/:name/settings", .read) { request, context, acts in
            let scope = try Self.scope(context.imageName(), request.query("version") ?? "")
            return try await show(scope, request, context, acts)
        }
        routes.post("images/:name/settings", .publish) { request, context, acts in
            let form = try pages.form(context)
            let scope = try Self.scope(context.imageName(), form["version"])
            do { return try plan(form, of: scope, request, context, acts) } catch let error
                where error.isRefusalOfForm
            {
                let refusal = SettingFieldsView.Refusal(typed: form, error: error)
                return try await show(scope, refusal: refusal, request, context, acts)
            }
        }
    }

    /// - Parameter refusal: what was typed, and refused.
    private func show(
        _ scope: ImageScope, refusal: SettingFieldsView.Refusal? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let details = try await acts.at(request).imageSettingsDetails(of: scope)
        let view = ImageSettingsView(
            details, at: try acts.at(request).at, refusal: refusal, pages.renderer.words(context))
        return try pages.show(
            view, "Settings", section: "/images", request, context, failure: view.fields.failure)
    }

    /// What the form would change.
    private func plan(
        _ form: Form, of scope: ImageScope, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) throws -> Response {
        let planned = try acts.planSettings(of: scope) { own in
            try SettingFields.change(form, target: "\(SettingsTarget.image("\(scope)"))", own: own)
        }
        let back = ImageSettingsView.path(of: scope)
        guard let planned else { return pages.redirect(back) }
        return try pages.plan(planned, back: back, section: "/images", request, context)
    }

    /// - Parameter version: empty: the image itself.
    private static func scope(_ image: ImageName, _ version: String) throws -> ImageScope {
        if version.isEmpty { return ImageScope(image) }
        return try ImageScope(recordKey: "\(image)@\(version)")
    }
}
