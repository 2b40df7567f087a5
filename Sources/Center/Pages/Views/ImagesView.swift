import API
import Fleet

/// Images with their versions and channels, and current builds.
struct ImagesView: TemplateView {
    static let template = PageTemplate("images", Embedded.images_mustache)

    /// Whether the ways to a new image can be opened.
    var mayAdd: Bool
    /// Whether they are open.
    var isNew: Bool
    /// The ways to a new one: when they are open, and while there is none.
    var ways: Ways?
    var builds: [BuildRow]
    var sources: [Source]
    var rollouts: [RolloutsView.Row]
    var images: [Image]
    var mayPublish: Bool
    /// Whether boot tests can be started.
    var mayTest: Bool

    /// A form that builds one here, or the command; and the command that imports one.
    struct Ways: View {
        /// Nil where this server cannot build.
        var order: FormView?
        var suite: String
    }

    /// A server that versions are copied from.
    struct Source: View {
        var url: String
        var kind: String
        /// The version being copied.
        var current: String?
        var problem: String?
        var checked: String
    }

    struct Image: View {
        var name: String
        var warning: String?
        /// How many versions are kept.
        var keep: String
        var channels: [Channel]
        var table: TableView<Version>
    }

    struct Channel: View {
        var name: String
        var number: Int
        var rollback: ActionView?
    }

    struct Version: View {
        var image: String
        var number: Int
        var digest: String
        var channels: [String]
        var tags: [Tag]
        var isSigned: Bool
        var isRefused: Bool
        /// Servers that have a copy.
        var copies: [String]
        /// The style class of its boot test's result.
        var test: String?
        var published: String
        var by: String
        var system: String
        var kernel: String
        var size: String
        /// The nodes that boot it next, those that run it, and those whose boot of it failed; nil: none.
        var bootsNext: LinkView?
        var runs: LinkView?
        var fails: LinkView?
        /// In place of a number that is 0 only because nodes did not say which version they booted.
        var unreported: String?
        /// Open connections.
        var open: Int
        var check: ActionView
        /// Nil for a version with a channel.
        var removal: ActionView?
    }

    struct Tag: View {
        var tag: String
        var removal: ActionView?
    }

    /// What the caller may do with images.
    struct Rights {
        var mayPublish: Bool
        /// Whether this server can build and boot.
        var canBuild: Bool
    }

    /// - Parameter isNew: whether the ways to a new image are open.
    init(
        _ images: [Image], builds: some Sequence<ImageBuilds.Build>, sources: [SourceAnswer],
        rollouts: [RolloutAnswer], suite: String, isNew: Bool, _ rights: Rights, _ words: Words
    ) {
        mayPublish = rights.mayPublish
        mayTest = rights.mayPublish && rights.canBuild
        self.isNew = isNew && rights.mayPublish
        mayAdd = rights.mayPublish && !isNew
        if rights.mayPublish, isNew || images.isEmpty {
            ways = Ways(order: mayTest ? Self.order(suite: suite, words) : nil, suite: suite)
        }
        self.builds = builds.map { BuildRow($0, words) }
        self.sources = sources.map(Source.init)
        self.rollouts = rollouts.map { RolloutsView.Row($0, words) }
        self.images = images
    }

    private static func order(suite: String, _ words: Words) -> FormView {
        FormView(
            path: "/images/build", style: "card settings", heading: words("Build a Debian image"),
            fields: [
                FieldView(
                    "name", words("Name"), id: "build-name",
                    InputView(value: "debian", isRequired: true, isFocused: true)),
                FieldView(
                    "suite", words("Debian release"), id: "build-suite",
                    InputView(value: suite, isRequired: true)),
                FieldView(
                    "packages", words("More packages"), id: "build-packages",
                    InputView(placeholder: "vim-tiny htop")),
            ], submit: words("Build"))
    }
}

extension ImagesView.Source {
    init(_ source: SourceAnswer) {
        url = source.url
        kind = source.problem != nil ? "failed" : source.current != nil ? "booting" : "ready"
        current = source.current.map {
            "\($0.image) \($0.digest.short): \(Format.size($0.receivedByteCount)) / \(Format.size($0.byteCount))"
        }
        problem = source.problem
        checked = Format.time(second: source.checkedAt)
    }
}

extension ImagesView.Image {
    init(_ details: Acts.ImageDetails, mayPublish: Bool, _ words: Words) {
        let image = details.image
        name = image.name.text
        warning = details.warning
        keep = image.keep.map(String.init) ?? ""
        channels = image.channels.sorted { $0.key.text < $1.key.text }.map { channel, number in
            // Else it would be refused.
            let isMovable = image.formers[channel].map { former in
                details.versions.contains { $0.number == former }
            }
            return ImagesView.Channel(
                name: channel.text, number: number,
                rollback: mayPublish && isMovable == true
                    ? ActionView(
                        path: "/images/\(image.name)/rollback",
                        label: words("Roll back %1", channel.text), style: "quiet",
                        hidden: [HiddenView("channel", channel.text)]) : nil)
        }
        let titles = words.all(
            "Version", "Published", "System", "Size", "Next boot", "Running", "Failed", "Connections")
        table = TableView(
            image.name.text, columns: titles + (mayPublish ? [words("Actions")] : []),
            rows: details.versions.reversed().map { version in
                var row = ImagesView.Version(version, of: image.name, mayPublish: mayPublish, words)
                row.note(details.uses[version.digest] ?? Acts.VersionUse(), words)
                row.copies = Set(details.copies.filter { $0.digest == version.digest }.map(\.server)).sorted()
                row.test = details.verdicts[version.number].map { $0 ? "ready" : "failed" }
                return row
            })
    }
}

extension ImagesView.Version {
    fileprivate mutating func note(_ use: Acts.VersionUse, _ words: Words) {
        func link(_ count: Int, _ query: String) -> LinkView? {
            count == 0
                ? nil
                : LinkView(
                    path: "/nodes?q=\(Escape.component(query))", label: Format.number(count, words.language))
        }
        let version = "\(image)@\(number)"
        bootsNext = link(use.next, "next=\(version)")
        runs = link(use.running, "booted=\(version) state=ready")
        fails = link(use.failed, "booted=\(version) state=failed")
        if use.unreported > 0 { unreported = words("not reported") }
    }

    fileprivate init(_ version: VersionAnswer, of image: ImageName, mayPublish: Bool, _ words: Words) {
        self.image = image.text
        number = version.number
        digest = version.digest.short
        channels = version.channels.map(\.text)
        tags = version.tags.map { tag in
            ImagesView.Tag(
                tag: tag.text,
                removal: mayPublish
                    ? ActionView(
                        path: "/images/\(image)/tag", label: "×", style: "quiet",
                        spoken: "\(words("remove")) \(tag.text)",
                        hidden: [HiddenView("tag", tag.text), HiddenView("remove", "1")]) : nil)
        }
        isSigned = !version.signatures.isEmpty
        isRefused = !version.isTrusted
        copies = []
        published = Format.time(second: version.publishedAt)
        by = version.publishedBy
        system = version.manifest.system
        kernel = version.manifest.kernelRelease
        size = Format.size(version.manifest.files.reduce(0) { $0 + $1.byteCount })
        open = version.openConnections
        func action(_ path: String, _ label: String, _ style: String) -> ActionView {
            ActionView(
                path: "/images/\(image)/\(path)", label: label, style: style,
                hidden: [HiddenView("version", String(version.number))])
        }
        check = action("verify", words("Verify"), "quiet")
        removal = version.channels.isEmpty ? action("remove", words("Remove"), "quiet danger") : nil
    }
}
