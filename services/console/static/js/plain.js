// A page without behaviour of its own.

import { start } from "./shell.js";

await start();
