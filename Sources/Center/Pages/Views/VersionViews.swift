import API
import Fleet

/// The differences between two versions of an image.
struct VersionDifferenceView: TemplateView {
    static let template = PageTemplate("difference", Embedded.difference_mustache)
    /// Rows that a browser shows without delay.
    private static let shownContents = 1_000

    var name: String
    var from: Int
    var to: Int
    /// Versions to choose from, newest first.
    var numbers: [Int]
    var isSame: Bool
    /// Facts and files of the versions.
    var whole: TableView<Row>
    var packageCount: Int
    var packages: TableView<DifferenceView>
    /// Nil when they were not compared.
    var contents: Contents?

    struct Row: View {
        var name: String
        var before: String
        var after: String
        var isNumber: Bool
    }

    struct Contents: View {
        var count: Int
        var table: TableView<DifferenceView>
        /// Whether the list is cut off.
        var isCut: Bool
    }

    /// - Parameter numbers: the numbers of all versions of the image.
    init(_ difference: ImageDifference, of image: ImageName, _ numbers: [Int], _ words: Words) {
        name = image.text
        from = difference.from
        to = difference.to
        self.numbers = numbers.reversed()
        isSame = difference.files.isEmpty
        whole = TableView(
            words("What changed"), columns: words.all("What", "Before", "After"),
            rows: difference.facts.map {
                Row(name: $0.name, before: $0.before ?? "", after: $0.after ?? "", isNumber: false)
            }
                + difference.files.map {
                    Row(
                        name: $0.name, before: Self.size($0.before), after: Self.size($0.after),
                        isNumber: true)
                })
        packageCount = difference.packages.count
        packages = TableView(
            words("Packages"), columns: words.all("Package", "Before", "After"),
            rows: difference.packages.map(DifferenceView.init))
        contents = difference.contents.map { changes in
            Contents(
                count: changes.count,
                table: TableView(
                    words("Files in the root"), columns: words.all("File", "Before", "After"),
                    rows: changes.prefix(Self.shownContents).map(DifferenceView.init)),
                isCut: changes.count > Self.shownContents)
        }
    }

    private static func size(_ text: String?) -> String {
        text.map { text in Int(text).map { Format.size($0) } ?? text } ?? ""
    }
}

extension DifferenceView {
    init(_ change: ImageDifference.Change) {
        self.init(name: change.name, before: change.before ?? "", after: change.after ?? "")
    }
}

/// Whether a version's files match its manifest.
struct VerificationView: TemplateView {
    static let template = PageTemplate("verification", Embedded.verification_mustache)

    var name: String
    var number: Int
    var isGood: Bool
    var damage: [String]
}

/// The unused versions of an image.
struct PruneView: TemplateView {
    static let template = PageTemplate("prune", Embedded.prune_mustache)

    var name: String
    /// How many of the newest to keep in any case.
    var keep: Int
    var kept: [Kept]
    var removed: [Int]
    /// Nil when there is nothing to remove.
    var removal: ConfirmView?

    struct Kept: View {
        var number: Int
        var because: String
    }

    init(_ image: ImageName, _ plan: PruneAnswer, keep: Int, _ words: Words) {
        name = image.text
        self.keep = keep
        kept = plan.kept.map { Kept(number: $0.number, because: $0.because) }
        removed = plan.removed
        guard !removed.isEmpty else { return }
        removal = ConfirmView(
            path: "/images/\(image)/prune", hidden: [HiddenView("keep", String(keep))],
            label: words("Remove"), isDanger: true)
    }
}

/// The result of a version's boot test.
struct BootTestView: TemplateView {
    static let template = PageTemplate("boottest", Embedded.boottest_mustache)

    var image: String
    var version: Int
    var state: StateView
    var detail: String
    var at: String
    var entries: [Entry]
    var console: String

    struct Entry: View {
        var stage: String
        var after: String
        var detail: String
    }

    init(_ test: BootTest, _ words: Words) {
        image = test.image.text
        version = test.version
        state = StateView(
            kind: test.isPassed ? "ready" : "failed", text: words(test.isPassed ? "succeeded" : "failed"))
        detail = words.told(test.detail)
        at = Format.time(second: test.at)
        entries = test.timeline.entries.map {
            Entry(
                stage: $0.stage.rawValue, after: Format.duration($0.at - test.timeline.startedAt),
                detail: words.told($0.detail))
        }
        console = test.console
    }
}
