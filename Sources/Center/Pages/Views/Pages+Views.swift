import Hummingbird

extension Pages {
    /// A page whose template shows a view.
    func show(
        _ view: some TemplateView, _ title: String, section: String, _ request: Request,
        _ context: CenterContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let name = type(of: view).template.name
        return try show(
            name, title, section: section, ["page": try ViewFields(view)], request, context, status: status)
    }
}
