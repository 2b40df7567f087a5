import Testing

@testable import AgentWork

/// What X servers are asked, and what they answer.
@Suite struct DisplayIdleTests {
    private static let cookie: [UInt8] = Array(1...16)
    /// An entry for another display, and one for :10, of the family «local».
    private static let file: [UInt8] =
        [1, 0, 0, 3] + Array("ts1".utf8) + [0, 1] + Array("0".utf8) + [0, 18]
        + Array("MIT-MAGIC-COOKIE-1".utf8) + [0, 1, 9] + [1, 0, 0, 3] + Array("ts1".utf8) + [0, 2]
        + Array("10".utf8) + [0, 18] + Array("MIT-MAGIC-COOKIE-1".utf8) + [0, 16] + cookie

    @Test func `the cookie of a display is found, and none in what is cut off`() {
        #expect(DisplayIdle.cookie(of: 10, in: Self.file) == Self.cookie)
        #expect(DisplayIdle.cookie(of: 0, in: Self.file) == [9])
        #expect(DisplayIdle.cookie(of: 1, in: Self.file) == nil)
        for count in 0..<Self.file.count {
            #expect(DisplayIdle.cookie(of: 10, in: Array(Self.file.prefix(count))) == nil)
        }
    }

    @Test func `questions are as the protocol has them`() {
        let bytes = DisplayIdle.setUp(cookie: Self.cookie)
        #expect(bytes.prefix(12) == [0x6C, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0, 0])
        #expect(bytes.count == 12 + 20 + 16)
        #expect(DisplayIdle.setUp(cookie: nil).count == 12)
        #expect(DisplayIdle.queryExtension.prefix(8) == [98, 0, 6, 0, 16, 0, 0, 0])
        #expect(DisplayIdle.queryExtension.count == 24)
        #expect(DisplayIdle.queryInfo(140, of: [1, 2, 3, 4]) == [140, 1, 2, 0, 1, 2, 3, 4])
    }

    @Test func `answers are read, and lies are none`() {
        #expect(DisplayIdle.setUpCount([1, 0, 11, 0, 0, 0, 10, 0]) == 40)
        #expect(DisplayIdle.setUpCount([0, 0, 11, 0, 0, 0, 10, 0]) == nil)
        #expect(DisplayIdle.setUpCount([1, 0, 11, 0, 0, 0, 255, 255]) == nil)
        // Vendor of five bytes, one format, one screen with the root window 0x0000022A.
        var body = [UInt8](repeating: 0, count: 32)
        (body[16], body[20], body[21]) = (5, 1, 1)
        body += Array(repeating: 7, count: 8 + 8) + [0x2A, 2, 0, 0]
        #expect(DisplayIdle.root(in: body) == [0x2A, 2, 0, 0])
        for count in 0..<body.count { #expect(DisplayIdle.root(in: Array(body.prefix(count))) == nil) }
        body[20] = 0
        #expect(DisplayIdle.root(in: body) == nil)
        var answer = [UInt8](repeating: 0, count: 32)
        (answer[0], answer[8], answer[9]) = (1, 1, 140)
        #expect(DisplayIdle.opcode(answer) == 140)
        (answer[16], answer[17]) = (0x10, 0x27)
        #expect(DisplayIdle.seconds(answer) == 10)
        answer.replaceSubrange(16..<20, with: [255, 255, 255, 255])
        #expect(DisplayIdle.seconds(answer) == 4_294_967)
        answer[0] = 0
        #expect(DisplayIdle.seconds(answer) == nil)
        #expect(DisplayIdle.opcode(Array(answer.prefix(9))) == nil)
    }
}
