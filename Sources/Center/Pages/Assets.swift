/// The files of `Assets/`, which are part of the program.
enum Assets {
    static let templates: [(name: String, source: String)] = [
        ("layout", Embedded.layout_mustache),
        ("problem", Embedded.problem_mustache),
        ("login", Embedded.login_mustache),
        ("setup", Embedded.setup_mustache),
        ("dashboard", Embedded.dashboard_mustache),
        ("nodes", Embedded.nodes_mustache),
        ("node", Embedded.node_mustache),
        ("machines", Embedded.machines_mustache),
        ("groups", Embedded.groups_mustache),
        ("fields", Embedded.fields_mustache),
        ("plan", Embedded.plan_mustache),
        ("rules", Embedded.rules_mustache),
        // Their views have templates of their own, which know no page around them.
        ("networks", "{{#page}}\(Embedded.networks_mustache){{/page}}"),
        ("network", "{{#page}}\(Embedded.network_mustache){{/page}}"),
        ("form", Embedded.form_mustache), ("field", Embedded.field_mustache),
        ("action", Embedded.action_mustache),
        ("images", Embedded.images_mustache),
        ("build", Embedded.build_mustache),
        ("difference", Embedded.difference_mustache),
        ("verification", Embedded.verification_mustache),
        ("rollouts", Embedded.rollouts_mustache),
        ("rollout", Embedded.rollout_mustache),
        ("volumes", Embedded.volumes_mustache),
        ("boottest", Embedded.boottest_mustache),
        ("trial", Embedded.trial_mustache),
        ("prune", Embedded.prune_mustache),
        ("leases", Embedded.leases_mustache),
        ("boots", Embedded.boots_mustache),
        ("history", Embedded.history_mustache),
        ("revision", Embedded.revision_mustache),
        ("administrators", Embedded.administrators_mustache),
        ("tokens", Embedded.tokens_mustache),
        ("hooks", Embedded.hooks_mustache),
        ("wall", Embedded.wall_mustache),
        ("wizard", Embedded.wizard_mustache),
    ]

    static let styleSheet = Array(Embedded.roost_css.utf8)
    static let script = Array(Embedded.roost_js.utf8)
    static let icon = Array(Embedded.roost_svg.utf8)
    static let openAPI = Array(Embedded.openapi_yaml.utf8)

    static let phrases = Embedded.phrases_txt
}
