import Foundation
import Glibc

/// A container image in a file or directory, assembled into a root: tar unpacks each layer, and files that a layer deletes from those below
/// it are removed (OCI Image Format, *Layer Filesystem Changeset*).
///
/// We read its indexes ourselves: skopeo takes a colon in a path for the start of a tag, and an image name for a host.
struct ContainerArchive {
    /// An archive, or a directory with the content of one.
    let source: ImageSource
    let choice: ContainerChoice
    /// Where to unpack it.
    let work: String

    /// Removes what a layer deletes from a root, and directories that become something else. It is confined: links in the root do not lead
    /// to files of this host.
    private static let removal = #"""
        set -u -o pipefail
        layer=$1 root=$2
        shift 2
        # Each name in one line: line ends in names are written as \n, and backslashes twice.
        list() { LC_ALL=C.UTF-8 tar --list --quoting-style=escape --force-local --file "$layer" "$@"; }
        # Sets $path to the name that such a line means. No program is started: there may be a million such names.
        name() {
          case $1 in
            *\\*) printf -v path "${1//%/%%}" ;;
            *) path=$1 ;;
          esac
        }
        # A link that becomes a directory is removed first: the files below it are not meant for its target.
        list "$@" | while IFS= read -r line; do
          case $line in */) name "./$line"; [ ! -L "$root/${path%/}" ] || rm -f -- "$root/${path%/}" ;; esac
        done
        opaque=
        list "$@" | while IFS= read -r line; do
          name "./$line"
          isDirectory=; case $path in */) isDirectory=yes; path=${path%/} ;; esac
          name=${path##*/} place=$root/${path%/*}
          case $name in
            "" | . | .wh.) ;;
            .wh..wh..opq)
              # Once, however often it is listed.
              [ "$place" = "$opaque" ] || [ ! -d "$place" ] || find "$place/" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
              opaque=$place ;;
            # Of any kind: some programs make directories of them. A program starts only where something is there.
            .wh.*)
              gone=$place/${name#.wh.}
              if [ -e "$gone" ] || [ -L "$gone" ]; then rm -rf -- "$gone"; fi ;;
            *) [ "$isDirectory" ] || [ -L "$root/$path" ] || [ ! -d "$root/$path" ] || rm -rf -- "$root/$path" ;;
          esac
        done
        """#

    /// - Returns: the root and its origin, for people.
    func unpack(_ progress: @escaping @Sendable (String) -> Void) throws -> (root: String, origin: String) {
        let files = FileManager.default
        let root = "\(work)/root"
        try files.createDirectory(atPath: root, withIntermediateDirectories: false)
        // As buildah does when no layer says otherwise: the same image is the same version, however it arrived.
        try files.setAttributes([.posixPermissions: geteuid() == 0 ? 0o555 : 0o755], ofItemAtPath: root)
        let parts = try unpackParts()
        let layout = try ContainerLayout(parts)
        let (image, note) = try choice.image(of: layout.images, in: source.path)
        if let note { progress("note: \(note)") }
        let layers = try layout.layers(of: image).map(layout.checkedLayer)
        // Compressed data is not larger than unpacked data, as a rule.
        try DiskRoom.require(
            layers.reduce(0) { $0 + (Self.byteCount($1) ?? 0) }, in: work, for: "the layers of the image")
        for (number, layer) in layers.enumerated() {
            progress("layer \(number + 1) of \(layers.count)")
            if number > 0 {
                try Program("bash", package: "bash").confined(
                    Confinement(reads: [layer], writes: [root], rights: .ownership)
                ).run(["-c", Self.removal, "bash", layer, root] + (try Self.compressionWords(layer)))
            }
            try RootTar(layer, isLayer: true).unpack(to: root, filling: work, note: progress)
            // An image may name a layer twice; a file that is not ours stays.
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

    /// The directory that contains the archive's files.
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
