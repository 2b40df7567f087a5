import Foundation
import Glibc

/// A container image in a file or directory, put together to a root: tar unpacks each layer, and what a layer takes away from those
/// below it goes (OCI Image Format, *Layer Filesystem Changeset*).
///
/// Its lists are read here and not by skopeo, which takes a colon in a path for the beginning of a tag, and a host's name for an image.
struct ContainerArchive {
    /// An archive, or a directory that is what an archive holds.
    let source: ImageSource
    let choice: ContainerChoice
    /// Where it is unpacked.
    let work: String

    /// Removes from a root what a layer takes away, and directories that become something else. It is confined: links in the root lead
    /// to nothing of this host's.
    private static let removal = #"""
        set -u
        layer=$1 root=$2
        shift 2
        list() { tar --list --quoting-style=literal --force-local --file "$layer" "$@"; }
        # A link that becomes a directory goes first: what it led to is not meant by what lies below.
        list "$@" | while IFS= read -r path; do
          case $path in */) [ ! -L "$root/${path%/}" ] || rm -f -- "$root/${path%/}" ;; esac
        done
        list "$@" | while IFS= read -r path; do
          path=./$path name=${path##*/}
          place=$root/${path%/*}
          case $name in
            "" | .wh.) ;;
            .wh..wh..opq) [ ! -d "$place" ] || find "$place/" -mindepth 1 -maxdepth 1 -exec rm -rf {} + ;;
            .wh.*) rm -rf -- "$place/${name#.wh.}" ;;
            *) [ -L "$root/$path" ] || [ ! -d "$root/$path" ] || rm -rf -- "$root/$path" ;;
          esac
        done
        """#

    /// - Returns: the root, and what it is of, for people.
    func unpack(_ progress: @escaping @Sendable (String) -> Void) throws -> (root: String, origin: String) {
        let files = FileManager.default
        let root = "\(work)/root"
        try files.createDirectory(atPath: root, withIntermediateDirectories: false)
        // As buildah has it where no layer says otherwise: the same image is the same version, however it came.
        try files.setAttributes([.posixPermissions: geteuid() == 0 ? 0o555 : 0o755], ofItemAtPath: root)
        let parts = try unpackParts()
        let layout = try ContainerLayout(parts)
        let (image, note) = try choice.image(of: layout.images, in: source.path)
        if let note { progress("note: \(note)") }
        let layers = try image.layers.map(layout.checkedLayer)
        // What is packed is no larger than what is unpacked, as a rule.
        try DiskRoom.require(
            layers.reduce(0) { $0 + (Self.byteCount($1) ?? 0) }, in: work, for: "the layers of the image")
        for (number, layer) in layers.enumerated() {
            progress("layer \(number + 1) of \(layers.count)")
            if number > 0 {
                try Program("sh", package: "dash").confined(
                    Confinement(reads: [layer], writes: [root], rights: .ownership)
                ).run(["-c", Self.removal, "sh", layer, root] + (try Self.compressionWords(layer)))
            }
            try RootTar(layer, isLayer: true).unpack(to: root, filling: work, note: progress)
            // An image may name a layer twice, and what is not ours stays.
            if source.kind == .containerArchive, !layers[(number + 1)...].contains(layer) {
                try files.removeItem(atPath: layer)
            }
        }
        let named = image.names.first.map { "\($0) of " } ?? ""
        return (root, "container image \(named)\(source.name)")
    }

    private static func compressionWords(_ layer: String) throws -> [String] {
        try Compression(ofFile: layer).map { ["--use-compress-program", try $0.program()] } ?? []
    }

    private static func byteCount(_ path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }

    /// The directory that holds the archive's files.
    private func unpackParts() throws -> String {
        guard source.kind == .containerArchive else { return source.path }
        let parts = "\(work)/parts"
        try FileManager.default.createDirectory(atPath: parts, withIntermediateDirectories: false)
        try DiskRoom.require(Self.byteCount(source.path) ?? 0, in: work, for: "the parts of the archive")
        let confinement = Confinement(reads: [source.path], writes: [parts])
        do {
            try Program("tar", package: "tar").confined(confinement).run(
                ["--extract"] + (try RootTar.source(source.path, source.compression))
                    + ["--directory", parts, "--no-same-owner", "--no-same-permissions"], filling: work)
        } catch let failure as ProgramFailure {
            throw RootTar.damage(of: source.path, failure)
        }
        return parts
    }
}
