/// The files of `Assets/`, embedded in the program.
enum Assets {
    /// Every page, by its view. The renderer knows no others.
    static let pages: [any TemplateView.Type] = [
        LayoutView.self, ProblemView.self, LeasesView.self, BootsView.self, HistoryView.self,
        RevisionView.self, MachinesView.self, RulesView.self, GroupsView.self,
        NetworksView.self, NetworkFormView.self, HooksView.self, KeptFilesView.self, SecretsView.self,
        SecretView.self,
        AdministratorsView.self,
        TokensView.self, FilesView.self,
        VolumesView.self,
        RolloutsView.self, RolloutView.self, TrialView.self, BuildView.self, VersionDifferenceView.self,
        VerificationView.self, PruneView.self, BootTestView.self,
        WallView.self, BoardLinksView.self, LogInView.self, SetUpView.self, DashboardView.self,
        WizardView.self,
        ImagesView.self, ImageSettingsView.self, PlanView.self, NodesView.self, NodeView.self,
        RestartView.self, FindView.self,
        StepChangesView.self,
        DesktopPoolsView.self, DesktopServersView.self, DesktopServerView.self, DesktopFormView.self,
        DesktopPlaceView.self, DesktopLogInsView.self,
        DesktopSessionsView.self, DesktopSessionView.self, SessionHelpView.self, DesktopAccountsView.self,
        AccountFormView.self,
        AccountImportView.self, AccountRemovalView.self,
        AgentsView.self, AgentRevokeView.self, SchedulesView.self,
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
