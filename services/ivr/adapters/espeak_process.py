"""One text to sound with eSpeak NG, as a process of its own: a large library in C that keeps one state for all callers,
under another licence than ours. It may hang, grow or crash here without the service noticing more than an error.

Voice as argument, text (UTF-8) on standard input; a line with the sample rate and then 16-bit samples on standard output.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import resource
import sys

import espeakng_loader

MEMORY_LIMIT = 1024**3
SECONDS_LIMIT = 20  # of processor
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARACTERS_UTF8 = 1
_PARAMETER_RATE, _PARAMETER_WORD_GAP = 1, 7
WORDS_A_MINUTE = {"cmn": 165, "yue": 165, "en": 150}  # slower than the engine's 175: heard once, over a telephone
_WORD_GAP = 1  # in 10 ms


def main(voice: str) -> None:
    """Speak standard input. Exits with 1 when the engine refuses."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_LIMIT, SECONDS_LIMIT))
    library, data = _library()
    rate = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
    if rate <= 0 or library.espeak_SetVoiceByName(voice.encode()) != 0:
        sys.exit(1)
    library.espeak_SetParameter(_PARAMETER_RATE, WORDS_A_MINUTE.get(voice, 165), 0)
    library.espeak_SetParameter(_PARAMETER_WORD_GAP, _WORD_GAP, 0)
    heard = bytearray()

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def hear(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            heard.extend(ctypes.string_at(samples, count * 2))
        return 0

    library.espeak_SetSynthCallback(hear)
    text = sys.stdin.buffer.read()
    if library.espeak_Synth(text, len(text) + 1, 0, 0, 0, _CHARACTERS_UTF8, None, None) != 0:
        sys.exit(1)
    sys.stdout.buffer.write(b"%d\n" % rate + bytes(heard))


def _library() -> tuple[ctypes.CDLL, bytes | None]:
    """The wheel's library with its data; on a machine it was not built for, the system's."""
    try:
        return ctypes.CDLL(espeakng_loader.get_library_path()), espeakng_loader.get_data_path().encode()
    except OSError:
        found = ctypes.util.find_library("espeak-ng")
        if found is None:
            sys.exit(1)
        return ctypes.CDLL(found), None


if __name__ == "__main__":
    main(*sys.argv[1:])
