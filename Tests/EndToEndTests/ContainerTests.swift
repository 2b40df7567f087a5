import Foundation
import Testing

extension EndToEnd.Systems {
    /// Images from Dockerfiles, and other container tools. DebianTests has a Debian built from one.
    @Suite struct ContainerTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        /// Builds the tiny system in stages, with an argument, and from files of the context.
        private func buildTiny() throws {
            let context = try DockerfileContext([
                "Dockerfile": """
                FROM localhost/roost/debian:bookworm AS build
                ARG GREETING=none
                RUN echo "$GREETING from the first stage" >/greeting
                FROM scratch
                ADD root.tar /
                COPY --from=build /greeting /etc/greeting
                COPY from-context /etc/from-context
                """,
                "from-context": "copied\n",
            ])
            defer { context.remove() }
            try BootLab.run("tar", ["-C", "\(BootLab.golden)/root/", "-cf", "\(context.path)/root.tar", "."])
            try context.build("container-tiny", "--build-arg", "GREETING=hello")
        }

        /// The same image in the formats of other tools: by buildah, as Docker writes it, and by skopeo from the first.
        private func importFromOtherTools() throws {
            let work = try DockerfileContext([:])
            defer { work.remove() }
            let storage = [
                "--root", "\(BootLab.cache)/containers/storage", "--runroot",
                "\(BootLab.cache)/containers/run",
            ]
            let image = "localhost/roost-build/container-tiny"
            for (name, place) in [
                ("oci", "oci:\(work.path)/layout:x"), ("archive", "oci-archive:\(work.path)/a.tar"),
                ("saved", "docker-archive:\(work.path)/saved.tar:roost:1"),
                ("copied", "oci-archive:\(work.path)/copied.tar"),
            ] {
                if name == "copied" {
                    try BootLab.run("skopeo", ["copy", "-q", "oci:\(work.path)/layout:x", place])
                } else {
                    try BootLab.run(
                        "env", ["unshare", "--mount", "buildah"] + storage + ["push", "-q", image, place])
                }
                let file = place.split(separator: ":")[1]
                let imported = try DockerfileContext.roost(["image", "import", name, String(file)])
                #expect(imported.hasPrefix("\(name)@1 "), "\(imported)")
                let versions = try lab.json("image", "list") as? [[String: Any]] ?? []
                func root(_ image: String) -> String? {
                    let manifest =
                        versions.first { $0["image"] as? String == image }?["manifest"] as? [String: Any]
                    let files = manifest?["files"] as? [[String: Any]]
                    return files?.first { $0["name"] as? String == "root.squashfs" }?["sha256"] as? String
                }
                #expect(root(name) != nil && root(name) == root("container-tiny"))
            }
            // A truncated archive is refused, and nothing is published.
            try BootLab.run("truncate", ["-s", "1M", "\(work.path)/a.tar"])
            #expect(throws: CommandFailed.self) {
                try DockerfileContext.roost(["image", "import", "half", "\(work.path)/a.tar"])
            }
            #expect(throws: CommandFailed.self) { try lab.roost("image", "show", "half") }
        }

        @Test func `an image from a Dockerfile boots in every root mode`() throws {
            try buildTiny()
            try importFromOtherTools()
            let mac = "52:54:00:00:00:8a"
            try lab.roost("node", "add", "docked", "--mac", mac)
            try lab.roost("set", "--node", "docked", "image=container-tiny", "volume-size=256M")
            defer { _ = try? lab.powerOff("docked") }
            try lab.withServer(Ganesha.configuration) {
                try Ganesha.start(lab)
                defer { Ganesha.stop() }
                for (mode, source) in [
                    ("nbd", "/dev/nbd0"), ("ram", "/dev/loop0"), ("nfs", "/dev/loop0"),
                    ("persistent", "/dev/nbd0"),
                ] {
                    try lab.roost("set", "--node", "docked", "root-mode=\(mode)")
                    try lab.bootDirectly("docked", mac: mac)
                    try lab.waitForStage("ready", of: "docked")
                    let address = try lab.address(of: "docked")
                    #expect(
                        try lab.ssh(address, "cat /etc/greeting /etc/from-context; hostname")
                            == "hello from the first stage\ncopied\ndocked")
                    let lower = "awk '$2 == \"/run/roost/lower\" { print $1 }' /proc/mounts"
                    #expect(try lab.ssh(address, lower) == source)
                    try lab.powerOff("docked")
                }
            }
        }

        @Test func `without root the same is built and imported, with subordinate user IDs`() throws {
            let context = try DockerfileContext(["Dockerfile": "FROM scratch\nADD root.tar /\n"])
            defer { context.remove() }
            let work = context.path
            let root = try TinyRoot("\(work)/root")
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(root.path)/etc/owned"))
            let owner = (user: 7, group: 9)
            try BootLab.run("chown", ["\(owner.user):\(owner.group)", "\(root.path)/etc/owned"])
            try BootLab.run("chmod", ["600", "\(root.path)/etc/owned"])
            try BootLab.run("tar", ["-C", root.path, "-cf", "\(work)/root.tar", "."])
            root.remove()
            // The user exists only in this mount namespace, and the build machine's server listens only in this network's.
            let asUser = """
                set -eu
                export HOME="$1/home" ROOST_SOCKET="$1/home/socket"
                cat >"$HOME/roost.yaml" <<EOF
                roles: [center]
                interfaces: [lo]
                state-directory: $HOME/state
                socket: $HOME/socket
                node-program: \(BootLab.nodeProgram)
                logs: {syslog: 0, netconsole: 0}
                EOF
                "$2" serve --configuration "$HOME/roost.yaml" >"$HOME/log" 2>&1 &
                for _ in $(seq 100); do if "$2" status >/dev/null 2>&1; then break; fi; sleep 0.2; done
                packing="--state-directory $HOME/state --cache $HOME/cache"
                "$2" image build unprivileged "$1" $packing
                "$2" image import unprivileged "$1/root.tar" $packing
                "$2" image shell unprivileged $packing -- true 2>&1 || true
                "$2" image verify
                kill $!
                """
            let asRoot = """
                set -eu
                ip link set lo up
                mount -t tmpfs none /mnt
                mkdir /mnt/upper /mnt/work
                mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work none /etc
                useradd --home-dir "$1/home" --no-create-home roost-tester
                usermod --add-subuids 1000000-1065535 --add-subgids 1000000-1065535 roost-tester
                mkdir "$1/home"; chown roost-tester: "$1/home"
                exec setpriv --reuid=roost-tester --regid=roost-tester --clear-groups -- sh -c "$3" sh "$1" "$2"
                """
            let output = try BootLab.run(
                "env",
                [
                    "unshare", "--mount", "--propagation=private", "--net", "sh", "-c", asRoot, "sh", work,
                    BootLab.roost, asUser,
                ])
            #expect(output.contains("unprivileged@1 ") && output.contains("unprivileged@2 "), "\(output)")
            #expect(output.contains("only root can change an image by hand"))
            #expect(output.contains("unprivileged@2 is good"))
            let images = "\(work)/home/state/images/unprivileged"
            let versions = try FileManager.default.contentsOfDirectory(atPath: images)
            #expect(versions.count == 2)
            for version in versions {
                let listed = try BootLab.run(
                    "unsquashfs", ["-lln", "\(images)/\(version)/root.squashfs", "etc/owned"])
                #expect(listed.contains("-rw------- \(owner.user)/\(owner.group)"), "\(listed)")
            }
        }

        @Test func `a failed build names the step or the package, and its output`() throws {
            func failure(_ dockerfile: String, _ extra: [String] = []) throws -> String {
                let context = try DockerfileContext(["Containerfile": dockerfile])
                defer { context.remove() }
                do {
                    try DockerfileContext.roost(["image", "build", "broken", context.path] + extra)
                    return ""
                } catch { return "\(error)" }
            }
            let base = "FROM localhost/roost/debian:bookworm\n"
            #expect(try failure(base + "RUN echo the reason; exit 3").contains("the reason"))
            let package = """
                \(base)RUN mkdir -p /p/DEBIAN && printf 'Package: picky\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\nDescription: x\\n' >/p/DEBIAN/control \\
                  && printf '#!/bin/sh\\necho needs a disk; exit 1\\n' >/p/DEBIAN/postinst && chmod 755 /p/DEBIAN/postinst && dpkg-deb -b /p /p.deb && dpkg -i /p.deb
                """
            let picky = try failure(package)
            #expect(picky.contains("package picky"), "\(picky)")
            #expect(picky.contains("needs a disk"))
            #expect(try failure(base + "RUN true").contains("no init in the image"))
            #expect(try failure("FROM localhost/nowhere/nothing:1").contains("nothing"))
            #expect(try failure(base, ["--suite", "bookworm"]).contains("these options cannot be used"))
            #expect(throws: CommandFailed.self) { try lab.roost("image", "show", "broken") }
            #expect(try !BootLab.run("cat", ["/proc/mounts"]).contains("\(BootLab.cache)/containers"))
        }
    }
}
