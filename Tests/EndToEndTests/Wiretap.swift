import Foundation
import Glibc
import Testing

/// Captures everything on the laboratory's network, as any host at a mirrored port could.
final class Wiretap {
    private let process = Process()
    private let path: String

    init(_ name: String) throws {
        path = "\(BootLab.directory)/\(name).frames"
        let script = """
            import socket, sys
            link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            link.setsockopt(socket.SOL_SOCKET, 33, 128 << 20)  # SO_RCVBUFFORCE
            link.bind(("br0", 0))
            with open(sys.argv[1], "wb", buffering=0) as file:
                print("listening", flush=True)
                while True: file.write(link.recv(1 << 16))
            """
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "ip", "netns", "exec", BootLab.namespace, "/usr/bin/python3", "-c", script, path,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.start()
        // It has reported that, or has ended.
        guard !output.fileHandleForReading.availableData.isEmpty else {
            kill(process.processIdentifier, SIGKILL)
            throw CommandFailed(command: "listen on br0", status: 1, output: "")
        }
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitForEnd()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// In how many captured lines `text` occurs.
    func count(_ text: String) throws -> Int {
        let answer = try BootLab.run(
            "sh", ["-c", "grep -a -c -F -e \"$1\" \"$2\" || true", "sh", text, path])
        return try #require(Int(answer.filter { !$0.isNewline }))
    }
}
