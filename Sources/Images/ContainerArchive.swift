import Foundation
import Glibc

/// A container image in a file or directory, put together to a root: skopeo writes its layers out, tar unpacks each, and what a layer
/// takes away from those below it goes (OCI Image Format, *Layer Filesystem Changeset*).
struct ContainerArchive {
    /// As skopeo calls it: `oci-archive:/tmp/x.tar`.
    let place: String
    let path: String
    /// Where it is unpacked.
    let work: String

    private struct Manifest: Decodable {
        struct Layer: Decodable { var digest: String }
        var layers: [Layer]
    }

    /// Removes from a root what a layer takes away, and directories that become something else. It is confined: links in the root lead
    /// to nothing of this host's.
    private static let removal = #"""
        set -u
        layer=$1 root=$2
        tar --list --quoting-style=literal --file "$layer" | while IFS= read -r path; do
          path=./$path name=${path##*/}
          place=$root/${path%/*}
          case $name in
            "") ;;
            .wh..wh..opq) [ ! -d "$place" ] || find "$place" -mindepth 1 -maxdepth 1 -exec rm -rf {} + ;;
            .wh.*) rm -rf -- "$place/${name#.wh.}" ;;
            *) [ -L "$root/$path" ] || [ ! -d "$root/$path" ] || rm -rf -- "$root/$path" ;;
          esac
        done
        """#

    /// - Returns: the root.
    func unpack(_ progress: @escaping @Sendable (String) -> Void) throws -> String {
        let files = FileManager.default
        let (parts, root) = ("\(work)/parts", "\(work)/root")
        for directory in ["\(work)/temporary", parts, root] {
            try files.createDirectory(atPath: directory, withIntermediateDirectories: false)
        }
        // As buildah has it where no layer says otherwise: the same image is the same version, however it came.
        try files.setAttributes([.posixPermissions: geteuid() == 0 ? 0o555 : 0o755], ofItemAtPath: root)
        // To its «dir» form: manifest.json, and each layer under the hexadecimal digits of its digest.
        try Program("skopeo", package: "skopeo").confined(Confinement(reads: [path], writes: [work])).run(
            [
                "--tmpdir", "\(work)/temporary", "copy", "--quiet", "--insecure-policy",
                "--dest-decompress", place, "dir:\(parts)",
            ], filling: work)
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: "\(parts)/manifest.json")))
        let tar = try Program("tar", package: "tar")
        let confinement = Confinement(reads: [parts], writes: [root], rights: .ownership)
        for (number, layer) in manifest.layers.enumerated() {
            let digits = layer.digest.split(separator: ":").last ?? ""
            guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit) else {
                throw ImageLacks("\(place) names a layer ‘\(layer.digest)’, which is no digest")
            }
            let file = "\(parts)/\(digits)"
            if number > 0 {
                try Program("sh", package: "dash").confined(confinement).run(
                    ["-c", Self.removal, "sh", file, root])
            }
            try tar.confined(confinement).unpack(
                [
                    "--extract", "--file", file, "--directory", root, "--numeric-owner", "--xattrs",
                    "--xattrs-include=*", "--same-permissions", "--exclude=.wh.*", "--exclude=./dev/*",
                    "--exclude=dev/*",
                ], filling: work, note: progress)
            try files.removeItem(atPath: file)
        }
        return root
    }
}
