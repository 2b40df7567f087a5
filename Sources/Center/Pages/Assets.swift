/// The files of `Assets/`, embedded in the program.
enum Assets {
    /// Every page, by its view. The renderer knows no others.
    static let pages = entries + Pages.all.flatMap { $0.views }

    /// The frame of all pages, and those that need no caller or belong to none of the others.
    private static let entries: [any TemplateView.Type] = [
        LayoutView.self, ProblemView.self, PlanView.self, LogInView.self, SetUpView.self, WallView.self,
    ]

    /// Parts shared by several pages.
    static let parts: [any TemplateView.Type] = [
        ActionMenuView.self, ActionView.self, NodeView.Boot.self, ConfirmView.self, FieldView.self,
        FilterView.self, FormView.self, PagerView.self,
        SettingFieldsView.self, ShareView.self, SilentServersView.self, StateView.self, TableView<NoRow>.self,
        TabsView.self,
    ]

    static let templates = (pages + parts).map { $0.template }

    static let styleSheet = Array(Embedded.roost_css.utf8)
    static let script = Array(Embedded.roost_js.utf8)
    static let icon = Array(Embedded.roost_svg.utf8)
    static let openAPI = Array(Embedded.openapi_yaml.utf8)

    static let phrases = Embedded.phrases_txt
}
