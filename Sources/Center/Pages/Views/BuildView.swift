import API
import Fleet

/// One build or boot test, with its log.
struct BuildView: TemplateView {
    static let template = PageTemplate("build", Embedded.build_mustache)

    var id: Int
    var name: String
    /// The channel that is promoted after a test.
    var aim: String
    var isTest: Bool
    var state: StateView
    var took: String?
    var version: Int?
    var failure: String?
    var suite: String
    var packages: String
    var started: String
    var by: String
    var cancel: ConfirmView?
    /// Whether its first lines were dropped.
    var isCut: Bool
    var log: String

    init(_ build: ImageBuilds.Build, mayCancel: Bool, _ words: Words) {
        let row = BuildRow(build, words)
        id = row.id
        name = row.name
        aim = row.aim
        isTest = row.isTest
        state = row.state
        took = build.endedAt.map { Format.duration(($0 - build.startedAt) * 1_000) }
        version = build.version
        failure = build.failure
        suite = build.order.suite
        packages = build.order.packages.joined(separator: " ")
        started = Format.time(second: build.startedAt)
        by = build.by
        isCut = build.droppedLineCount > 0
        log = build.lines.joined(separator: "\n")
        guard mayCancel, !build.isOver else { return }
        cancel = ConfirmView(
            path: "/images/builds/\(build.id)/cancel",
            label: isTest ? words("End the test") : words("End the build"), isDanger: true)
    }
}

/// One build or boot test in a list of them.
struct BuildRow: View {
    var id: Int
    var name: String
    var aim: String
    var isTest: Bool
    var state: StateView
    /// Its last line.
    var last: String

    init(_ build: ImageBuilds.Build, _ words: Words) {
        id = build.id
        name = build.order.image + (build.test.map { "@\($0.version.number)" } ?? "")
        aim = build.test?.channel.map { "→ \($0)" } ?? ""
        isTest = build.test != nil
        state = StateView(
            kind: build.state == .done ? "ready" : build.state == .failed ? "failed" : "booting",
            text: words(build.state.rawValue))
        last = build.lines.last ?? ""
    }
}
