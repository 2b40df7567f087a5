import API
import Fleet
import Foundation
import Hummingbird

/// The settings of an image, or of one of its versions.
struct ImageSettingsPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("images/:name/settings", .read) { request, context, acts in
            let scope = try Self.scope(context.imageName(), request.query("version") ?? "")
            let details = try await acts.at(request).imageSettingsDetails(of: scope)
            let view = ImageSettingsView(details, at: try acts.at(request).at, pages.renderer.words(context))
            return try pages.show(view, "Settings", section: "/images", request, context)
        }
        routes.post("images/:name/settings", .publish) { request, context, acts in
            let form = try pages.form(context)
            let scope = try Self.scope(context.imageName(), form["version"])
            let planned = try acts.planSettings(of: scope) { own in
                try SettingFields.change(form, target: "\(SettingsTarget.image("\(scope)"))", own: own)
            }
            let back = ImageSettingsView.path(of: scope)
            guard let planned else { return pages.redirect(back) }
            return try pages.plan(planned, back: back, section: "/images", request, context)
        }
    }

    /// - Parameter version: empty: the image itself.
    private static func scope(_ image: ImageName, _ version: String) throws -> ImageScope {
        if version.isEmpty { return ImageScope(image) }
        return try ImageScope(recordKey: "\(image)@\(version)")
    }
}
