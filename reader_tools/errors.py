# SPDX-License-Identifier: Apache-2.0
"""What can go wrong at the desk: reader, card and machine.

ReaderToolsError
|- ReaderError
|  |- ReaderLibraryMissing   pyscard, or the PC/SC library it needs
|  |- ReaderServiceDown      pcscd does not answer
|  |- ReaderAccessDenied     pcscd is there, but not for this user (polkit, socket mode)
|  |- NoReader               the service knows no reader at all
|  |- ReaderUnknown          no reader of that name
|  |- ReaderUnplugged        the reader went away under us
|  |- ReaderBusy             another program holds the card
|  |- ReaderFault            anything else the reader stack reports, with its number
|  `- ReaderWorkerLost       the process that drives the reader ended
|- CardError
|  |- NoCard                 nothing in the reader
|  |- CardRemoved            taken out while we talked to it
|  |- CardMute               it is there and says nothing
|  |  `- CardTimeout         it said nothing for longer than the watchdog allows
|  |- CardReset              another program reset it
|  |- CardUnpowered          it lost power in the reader
|  |- CardUnsupported        the reader can't speak to it
|  |- CardAnswerMalformed    an answer that no short APDU allows
|  `- CommandNotShort        a command that no short APDU carries: ours, not the card's fault
|- VirtualReaderError
|  |- VirtualImageMissing    no image file there
|  |- VirtualImageRefused    a file that is no card image
|  |- VirtualSlotOccupied    a card is already in the virtual reader
|  `- VirtualPcscFailed      the card's process for pcscd did not come up
|- InputError
|  |- FileUnreadable         a file that was named can't be read
|  |- FileUnwritable         a file that was named can't be made
|  |- DataFolderUnusable     the data folder can't be made, read or written
|  |- PinUnusable            no PIN, or one that no card would take
|  `- ChipSerialMalformed    a chip serial that no chip has
|- TornCardMasterEnded       a torn card that can't be finished any more; the order goes on with another chip
`- DeskError
   |- SettingsInvalid        a KARTU_ setting that can't be meant
   `- Internal               something nobody foresaw; the log has it
"""

from cardservice.errors import KartuError


class ReaderToolsError(KartuError):
    """The root of what can go wrong at the desk."""

    code = "desk"


class ReaderError(ReaderToolsError):
    """The root of what can go wrong with a reader."""

    code = "reader"


class ReaderLibraryMissing(ReaderError):
    """Pyscard, or the PC/SC library it needs, is not installed; evidence: library."""

    code = "reader-library-missing"


class ReaderServiceDown(ReaderError):
    """The reader service pcscd does not answer; evidence: pcsc."""

    code = "reader-service-down"


class ReaderAccessDenied(ReaderError):
    """The reader service is there, but refuses this user; evidence: user, or pcsc."""

    code = "reader-access-denied"


class NoReader(ReaderError):
    """The reader service knows no reader."""

    code = "reader-none"


class ReaderUnknown(ReaderError):
    """No reader of that name; evidence: reader."""

    code = "reader-unknown"


class ReaderUnplugged(ReaderError):
    """The reader went away while we used it; evidence: reader."""

    code = "reader-unplugged"


class ReaderBusy(ReaderError):
    """Another program holds the card; evidence: reader."""

    code = "reader-busy"


class ReaderFault(ReaderError):
    """The reader stack reports something that has no name of its own here; evidence: pcsc (its number)."""

    code = "reader-fault"


class ReaderWorkerLost(ReaderError):
    """The process that drives the reader ended without an answer; evidence: exit_status."""

    code = "reader-worker-lost"


class CardError(ReaderToolsError):
    """The root of what can go wrong with the card in the reader."""

    code = "card"


class NoCard(CardError):
    """The reader is empty; evidence: reader."""

    code = "card-none"


class CardRemoved(CardError):
    """The card left the reader while we talked to it; evidence: reader."""

    code = "card-removed"


class CardMute(CardError):
    """The card is in the reader and says nothing; evidence: reader."""

    code = "card-mute"


class CardTimeout(CardMute):
    """The card said nothing for longer than the watchdog allows; evidence: reader, limit (seconds), of (APDU or dialogue)."""

    code = "card-timeout"


class CardReset(CardError):
    """Another program reset the card under us; evidence: reader."""

    code = "card-reset"


class CardUnpowered(CardError):
    """The card lost power in the reader; evidence: reader."""

    code = "card-unpowered"


class CardUnsupported(CardError):
    """The reader can't speak to this card (ATR, protocol); evidence: reader."""

    code = "card-unsupported"


class CardAnswerMalformed(CardError):
    """An answer that no short APDU allows; evidence: length."""

    code = "card-answer-malformed"


class CommandNotShort(CardError):
    """A command that no short APDU carries; evidence: length."""

    code = "card-command-not-short"


class VirtualReaderError(ReaderToolsError):
    """The root of what can go wrong with the virtual reader."""

    code = "virtual-reader"


class VirtualImageMissing(VirtualReaderError):
    """No card image at that place; evidence: image."""

    code = "virtual-image-missing"


class VirtualImageRefused(VirtualReaderError):
    """The file is no card image; evidence: image."""

    code = "virtual-image-refused"


class VirtualSlotOccupied(VirtualReaderError):
    """A card is already in the virtual reader; evidence: image."""

    code = "virtual-slot-occupied"


class VirtualPcscFailed(VirtualReaderError):
    """The card's process for pcscd did not come up; evidence: port."""

    code = "virtual-pcsc-failed"


class InputError(ReaderToolsError):
    """The root of what can be wrong with what a person gave."""

    code = "input"


class FileUnreadable(InputError):
    """A file that was named can't be read; evidence: path, rule."""

    code = "file-unreadable"


class FileUnwritable(InputError):
    """A file that was named can't be made, or is there already; evidence: path, rule."""

    code = "file-unwritable"


class DataFolderUnusable(InputError):
    """The data folder, or what lies in it, can't be made, read or written; evidence: path, rule."""

    code = "data-folder-unusable"


class PinUnusable(InputError):
    """No PIN, or one that no card would take; no card was asked. Evidence: source, rule; never the PIN."""

    code = "pin-unusable"


class ChipSerialMalformed(InputError):
    """A chip serial that no chip has; evidence: given, length, line (- where it came from no list)."""

    code = "chip-serial-malformed"


class TornCardMasterEnded(ReaderToolsError):
    """A torn card is bound to a master that makes new cards no more (decision 0127); evidence: chip_serial, order_id, purpose, version."""

    code = "torn-card-master-ended"


class DeskError(ReaderToolsError):
    """The root of what can go wrong with this machine's set-up."""

    code = "desk-setup"


class SettingsInvalid(DeskError):
    """A setting that can't be meant; evidence: setting, rule."""

    code = "settings-invalid"


class Internal(DeskError):
    """Something nobody foresaw; evidence: log."""

    code = "kartu-internal"
