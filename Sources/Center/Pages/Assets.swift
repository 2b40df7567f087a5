/// The files of `Assets/`, which are part of the program.
enum Assets {
    static let templates: [(name: String, source: String)] = [
        ("layout", text(PackageResources.layout_mustache)),
        ("problem", text(PackageResources.problem_mustache)),
        ("login", text(PackageResources.login_mustache)),
        ("setup", text(PackageResources.setup_mustache)),
        ("dashboard", text(PackageResources.dashboard_mustache)),
        ("nodes", text(PackageResources.nodes_mustache)),
        ("node", text(PackageResources.node_mustache)),
        ("machines", text(PackageResources.machines_mustache)),
        ("groups", text(PackageResources.groups_mustache)),
        ("fields", text(PackageResources.fields_mustache)),
        ("plan", text(PackageResources.plan_mustache)),
        ("rules", text(PackageResources.rules_mustache)),
        ("images", text(PackageResources.images_mustache)),
        ("build", text(PackageResources.build_mustache)),
        ("difference", text(PackageResources.difference_mustache)),
        ("verification", text(PackageResources.verification_mustache)),
        ("rollouts", text(PackageResources.rollouts_mustache)),
        ("rollout", text(PackageResources.rollout_mustache)),
        ("volumes", text(PackageResources.volumes_mustache)),
        ("boottest", text(PackageResources.boottest_mustache)),
        ("trial", text(PackageResources.trial_mustache)),
        ("prune", text(PackageResources.prune_mustache)),
        ("leases", text(PackageResources.leases_mustache)),
        ("boots", text(PackageResources.boots_mustache)),
        ("history", text(PackageResources.history_mustache)),
        ("revision", text(PackageResources.revision_mustache)),
        ("administrators", text(PackageResources.administrators_mustache)),
        ("tokens", text(PackageResources.tokens_mustache)),
        ("hooks", text(PackageResources.hooks_mustache)),
        ("wall", text(PackageResources.wall_mustache)),
        ("wizard", text(PackageResources.wizard_mustache)),
    ]

    static let styleSheet = PackageResources.roost_css
    static let script = PackageResources.roost_js
    static let icon = PackageResources.roost_svg
    static let openAPI = PackageResources.openapi_yaml

    static let phrases = text(PackageResources.phrases_txt)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
