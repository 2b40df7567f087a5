import Fleet
import Foundation
import Testing

@testable import RoostCommand

/// What the machine of a boot test prints: its kernel is not trusted.
@Suite final class BootTestConsoleTests {
    private let path = NSTemporaryDirectory() + "roost-console-\(UUID())"

    init() throws { try Data().write(to: URL(fileURLWithPath: path)) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func print(_ text: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    @Test func `each line is told once, and one that still grows at the end`() throws {
        let console = try BootTestConsole(path: path)
        try print("one\r\n\r\ntwo\nth")
        #expect(try console.look(isWhole: false) == ["one", "two"])
        #expect(!console.hasStarted)
        try print("ree\nLinux version 6.1\n")
        #expect(try console.look(isWhole: false) == ["three", "Linux version 6.1"])
        #expect(console.hasStarted)
        try print("BOOT FAILED")
        #expect(try console.look(isWhole: false) == [])
        #expect(try console.look(isWhole: true) == ["BOOT FAILED"])
        #expect(console.text == "one\r\n\r\ntwo\nthree\nLinux version 6.1\nBOOT FAILED")
    }

    @Test func `lines without end, or very many, are bounded`() throws {
        let console = try BootTestConsole(path: path)
        try print(String(repeating: "x", count: 3 * BootTestConsole.lineByteLimit + 1))
        #expect(try console.look(isWhole: true).map(\.utf8.count) == [4_096, 4_096, 4_096, 1])
        try print(String(repeating: "x\n", count: BootTestConsole.lineLimit + 5))
        let lines = try console.look(isWhole: false)
        #expect(lines.count == BootTestConsole.lineLimit + 1)
        #expect(lines.last == "(5 lines are not shown)")
        #expect(!console.isTooLong)
    }

    @Test func `no more is read than a machine may print, and the end is kept`() throws {
        let byteLimit = 3 * BootTest.consoleLimit
        let console = try BootTestConsole(path: path, byteLimit: byteLimit)
        try print(String(repeating: "y", count: byteLimit) + "\n")
        _ = try console.look(isWhole: false)
        #expect(console.isTooLong)
        #expect(console.text.utf8.count == BootTest.consoleLimit)
        try print("more\n")
        #expect(try console.look(isWhole: true).contains("more") == false)
    }
}
