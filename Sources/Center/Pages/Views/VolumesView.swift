import API
import Fleet

/// The nodes' disks, with the actions on each.
struct VolumesView: TemplateView {
    static let template = PageTemplate("volumes", Embedded.volumes_mustache)

    /// Nil when there are none.
    var table: TableView<Row>?
    /// Where the settings are that let nodes keep changes; nil for callers who may not set them.
    var settings: String?

    struct Row: View {
        var node: String
        var kind: String
        var isEncrypted: Bool
        var image: String
        var version: Int
        var size: String
        var used: String
        /// Open connections.
        var open: Int
        var made: String
        /// Nil for callers who may only read.
        var actions: Actions?
    }

    struct Actions: View {
        var hasSnapshots: Bool
        var takesSnapshots: Bool
        var menu: ActionMenuView
    }

    init(_ rows: [Row], maySet: Bool, _ words: Words) {
        settings = maySet ? "/settings" : nil
        guard !rows.isEmpty else { return }
        table = TableView(
            words("Volumes"),
            columns: words.all(
                "Node", "Kind", "Version", "Size", "Used", "Open connections", "Created", "Actions"),
            rows: rows)
    }
}

extension VolumesView.Row {
    /// - Parameter snapshots: nil for callers who may only read.
    init(_ volume: VolumeAnswer, snapshots: [SnapshotAnswer]?, _ words: Words) {
        node = volume.node.text
        kind = volume.kind.rawValue
        isEncrypted = volume.isEncrypted
        image = volume.image.text
        version = volume.version
        size = volume.byteCount.map(Format.size) ?? "–"
        used = volume.usedByteCount.map(Format.size) ?? "–"
        open = volume.openConnections
        made = Format.time(second: volume.createdAt)
        actions = snapshots.map { VolumesView.Actions(volume, snapshots: $0, words) }
    }
}

extension VolumesView.Actions {
    /// A volume that a machine has open can only be reset, at its next boot.
    init(_ volume: VolumeAnswer, snapshots: [SnapshotAnswer], _ words: Words) {
        let path = "/volumes/\(volume.node)"
        let isOpen = volume.openConnections > 0
        hasSnapshots = !snapshots.isEmpty
        takesSnapshots = !isOpen && volume.kind == .disk
        menu = ActionMenuView(
            actions: snapshots.map {
                ActionView(
                    path: "\(path)/restore", label: "\(words("restore")) \($0.name)", style: "quiet",
                    hidden: [HiddenView("name", $0.name)])
            })
        if !isOpen {
            menu.actions.insert(
                ActionView(path: "\(path)/remove", label: words("remove"), style: "quiet danger"), at: 0)
        }
    }
}
